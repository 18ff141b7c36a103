"""An S3-compatible server with the files of a folder, for tests: prints its address and serves until standard input ends."""
import pathlib
import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
client = boto3.client("s3", endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")
client.create_bucket(Bucket="bucket")
root = pathlib.Path(sys.argv[1])
for file in sorted(file for file in root.rglob("*") if file.is_file()):
    key = f"archive/{file.relative_to(root).as_posix()}"
    client.upload_file(str(file), "bucket", key, ExtraArgs={"ACL": "public-read"})
print(url, flush=True)
sys.stdin.read()
server.stop()
