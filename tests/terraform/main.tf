# Everything of Step Functions that Terraform's provider has, with the roles and log groups it needs.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "greeting" {
  type    = string
  default = "hello"
}

variable "stage" {
  type    = string
  default = "test"
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "orders" {
  name               = "terraform-orders"
  description        = "What the orders machine may do"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { stage = var.stage }
}

resource "aws_iam_role_policy" "invoke" {
  name = "invoke"
  role = aws_iam_role.orders.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "*" }]
  })
}

resource "aws_iam_policy" "logs" {
  name = "terraform-logs"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "logs:*", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.orders.name
  policy_arn = aws_iam_policy.logs.arn
}

resource "aws_sfn_activity" "approve" {
  name = "terraform-approve"
  tags = { stage = var.stage }
}

resource "aws_cloudwatch_log_group" "orders" {
  name              = "/aws/vendedlogs/states/terraform-orders"
  retention_in_days = 14
  tags              = { stage = var.stage }
}

resource "aws_sfn_state_machine" "orders" {
  name     = "terraform-orders"
  role_arn = aws_iam_role.orders.arn
  publish  = true
  definition = jsonencode({
    StartAt = "Greet"
    States = {
      Greet = { Type = "Pass", Result = { greeting = var.greeting }, End = true }
    }
  })
  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.orders.arn}:*"
    include_execution_data = true
    level                  = "ALL"
  }
  tracing_configuration {
    enabled = true
  }
  tags = { stage = var.stage }
}

resource "aws_sfn_state_machine" "approval" {
  name     = "terraform-approval"
  role_arn = aws_iam_role.orders.arn
  definition = jsonencode({
    StartAt = "Approve"
    States = {
      Approve = { Type = "Task", Resource = aws_sfn_activity.approve.id, TimeoutSeconds = 60, End = true }
    }
  })
}

resource "aws_sfn_state_machine" "quick" {
  name     = "terraform-quick"
  type     = "EXPRESS"
  role_arn = aws_iam_role.orders.arn
  definition = jsonencode({
    StartAt = "Done"
    States  = { Done = { Type = "Succeed" } }
  })
}

resource "aws_sfn_alias" "live" {
  name        = "live"
  description = "What the shop calls"
  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.orders.state_machine_version_arn
    weight                    = 100
  }
}

data "aws_sfn_state_machine" "orders" {
  name       = aws_sfn_state_machine.orders.name
  depends_on = [aws_sfn_state_machine.orders]
}

data "aws_sfn_activity" "approve" {
  name       = aws_sfn_activity.approve.name
  depends_on = [aws_sfn_activity.approve]
}

data "aws_sfn_state_machine_versions" "orders" {
  statemachine_arn = aws_sfn_state_machine.orders.arn
  depends_on       = [aws_sfn_state_machine.orders]
}

data "aws_sfn_alias" "live" {
  name             = aws_sfn_alias.live.name
  statemachine_arn = aws_sfn_state_machine.orders.arn
  depends_on       = [aws_sfn_alias.live]
}

output "account" {
  value = data.aws_caller_identity.current.account_id
}

output "orders" {
  value = aws_sfn_state_machine.orders.arn
}

output "orders_found" {
  value = data.aws_sfn_state_machine.orders.arn
}

output "alias" {
  value = aws_sfn_alias.live.arn
}

output "alias_found" {
  value = data.aws_sfn_alias.live.arn
}

output "activity" {
  value = aws_sfn_activity.approve.id
}

output "activity_found" {
  value = data.aws_sfn_activity.approve.arn
}

output "version" {
  value = aws_sfn_state_machine.orders.state_machine_version_arn
}

output "versions" {
  value = data.aws_sfn_state_machine_versions.orders.statemachine_versions
}
