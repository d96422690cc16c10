
import time

def handler(event, context):
    if event.get("retry") == 0:
        raise RuntimeError("the first attempt fails")
    time.sleep(max(0, event["until"] - time.time()))
    return {"n": event["n"]}
