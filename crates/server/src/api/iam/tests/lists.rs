//! Pages, and changes at the same time.

use super::{ARN, POLICY, TRUST, call, inner, service, with_policy};
use crate::api::iam::Iam;

/// Follows the markers of a list and gives all values of a tag.
async fn every(iam: &Iam, action: &str, parameters: &[(&str, &str)], tag: &str) -> Vec<String> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = parameters.to_vec();
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = call(iam, action, &parameters).await;
        let opening = format!("<{tag}>");
        let items = page
            .split(&opening)
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned());
        all.extend(items);
        match inner(&page, "IsTruncated").as_str() {
            "true" => marker = Some(inner(&page, "Marker")),
            "false" => return all,
            _ => panic!("{page}"),
        }
    }
}

#[tokio::test]
async fn lists_come_whole_whatever_the_size_of_a_page() {
    let iam = service();
    for i in 0..23 {
        let name = format!("r{i:02}");
        call(
            &iam,
            "CreateRole",
            &[("RoleName", &name), ("AssumeRolePolicyDocument", TRUST)],
        )
        .await;
        call(
            &iam,
            "CreatePolicy",
            &[
                ("PolicyName", &format!("p{i:02}")),
                ("PolicyDocument", POLICY),
            ],
        )
        .await;
    }
    let roles: Vec<String> = (0..23).map(|i| format!("r{i:02}")).collect();
    let policies = every(&iam, "ListPolicies", &[("MaxItems", "1000")], "PolicyName").await;
    assert!(
        policies.len() > 23 && policies[..23].iter().all(|name| name.starts_with('p')),
        "{policies:?}"
    );
    for size in ["1", "5", "22", "23", "24", "100"] {
        assert_eq!(
            every(&iam, "ListRoles", &[("MaxItems", size)], "RoleName").await,
            roles,
            "{size}"
        );
        assert_eq!(
            every(&iam, "ListPolicies", &[("MaxItems", size)], "PolicyName").await,
            policies,
            "{size}"
        );
    }
    let own = every(
        &iam,
        "ListPolicies",
        &[("Scope", "Local"), ("MaxItems", "7")],
        "PolicyName",
    )
    .await;
    assert_eq!(own, policies[..23]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_changes_are_all_kept() {
    let iam = with_policy().await;
    let tasks: Vec<_> = (0..40)
        .map(|i| {
            let iam = iam.clone();
            tokio::spawn(async move {
                let name = format!("c{i}");
                call(
                    &iam,
                    "CreateRole",
                    &[("RoleName", &name), ("AssumeRolePolicyDocument", TRUST)],
                )
                .await;
                call(
                    &iam,
                    "AttachRolePolicy",
                    &[("RoleName", &name), ("PolicyArn", ARN)],
                )
                .await;
                call(
                    &iam,
                    "TagRole",
                    &[
                        ("RoleName", "r"),
                        ("Tags.member.1.Key", &name),
                        ("Tags.member.1.Value", ""),
                    ],
                )
                .await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "");
    }
    assert_eq!(
        inner(
            &call(&iam, "GetPolicy", &[("PolicyArn", ARN)]).await,
            "AttachmentCount"
        ),
        "40"
    );
    assert_eq!(
        call(&iam, "ListRoleTags", &[("RoleName", "r")])
            .await
            .matches("<Key>")
            .count(),
        40
    );
}
