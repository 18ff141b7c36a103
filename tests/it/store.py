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
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    client.upload_file(str(file), "bucket", f"archive/{file.name}", ExtraArgs={"ACL": "public-read"})
print(url, flush=True)
sys.stdin.read()
server.stop()
