"""One cold start of the bundle: the handler is imported, and answers its first request.

`python coldstart_kefu.py FOLDER TOKEN KEFU_STORE QUERY`: prints its CPU time in ns.
"""

import json
import os
import sys
import time

began = time.process_time_ns()
folder, token, store, query = sys.argv[1:5]
sys.path.insert(0, folder)
os.environ["KEFU_STORE"] = store

from kefu.entrypoints.lambda_http import handler  # noqa: E402  importing is what is measured

http = {"method": "POST", "path": "/graphql", "sourceIp": "192.0.2.1"}
headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
event = {"version": "2.0", "rawQueryString": "", "headers": headers, "body": json.dumps({"query": query})}
answer = handler(event | {"requestContext": {"http": http}}, None)
took = time.process_time_ns() - began
if answer["statusCode"] != 200 or "errors" in answer["body"]:  # noqa: PLR2004  HTTP's own number
    sys.exit(f"The handler answered {answer}")
print(took)  # noqa: T201  the parent reads it
