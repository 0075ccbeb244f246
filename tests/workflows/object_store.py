"""An S3 server on this machine that can be made to vanish: moto behind a relay, which is killed and started again."""

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.fs
import pytest

from lp_core.storage import Storage
from tests.workflows.commands import REPOSITORY, free_port

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


class ObjectStore:
    """The store, with a bucket.

    Args:
        bucket: its name.
        log: where the server writes.
    """

    def __init__(self, bucket: str, log: Path) -> None:
        self.bucket, self.port, self._behind = bucket, free_port(), free_port()
        found_here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._behind)]
        with log.open("w") as file:
            self._server = subprocess.Popen(command, stdout=file, stderr=file, env=found_here)
        _wait_for(self._behind)
        self.appear()
        Storage(self.uri("")).filesystem.create_dir(bucket)

    def uri(self, path: str) -> str:
        """Where a path of the bucket is."""
        options = f"endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
        return f"s3://{self.bucket}/{path}?{options}"

    def vanish(self) -> None:
        """Break all connections and take no more."""
        self._relay.kill()
        self._relay.wait()

    def is_away(self) -> bool:
        """Whether it has vanished."""
        return self._relay.poll() is not None

    def appear(self, until: str = "") -> None:
        """Take connections, until a request contains some words; that one is not answered."""
        command = [sys.executable, "-m", "tests.workflows.object_store", str(self.port), str(self._behind), until]
        self._relay = subprocess.Popen(command, cwd=REPOSITORY)
        _wait_for(self.port)

    def close(self) -> None:
        self.vanish()
        self._server.kill()
        self._server.wait()

    def upload(self, folder: Path, path: str) -> str:
        """Copy a folder into the bucket; return its URI."""
        target = Storage(self.uri(path))
        pyarrow.fs.copy_files(
            str(folder),
            target.path(),
            source_filesystem=pyarrow.fs.LocalFileSystem(),
            destination_filesystem=target.filesystem,
        )
        return target.uri


@contextmanager
def object_store(bucket: str, log: Path) -> Iterator[ObjectStore]:
    """A store for the length of a `with` block, and credentials for it in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        store = ObjectStore(bucket, log)
        try:
            yield store
        finally:
            store.close()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens at port {port}")


def relay(port: int, behind: int, until: bytes) -> None:
    """Carry the bytes of every connection to another port and back, until killed or a request contains some words."""
    with socket.create_server(("127.0.0.1", port), backlog=128) as server:
        while True:
            threading.Thread(target=_carry, args=(server.accept()[0], behind, until), daemon=True).start()


def _carry(near: socket.socket, behind: int, until: bytes) -> None:
    with near, socket.create_connection(("127.0.0.1", behind)) as far:
        while True:
            ready, _, _ = select.select([near, far], [], [])
            for one in ready:
                data = one.recv(2**16)
                if not data:
                    return
                if until and one is near and until in data:
                    os._exit(0)
                (far if one is near else near).sendall(data)


if __name__ == "__main__":
    relay(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode())
