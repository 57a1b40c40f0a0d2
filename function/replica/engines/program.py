"""What a program that serves models is, as far as it has to be known."""

from __future__ import annotations

from dataclasses import dataclass

from function.api.engines import EngineType


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves models over HTTP.

    Attributes:
        name: What it is called.
        type: The type of engine that it is.
        commands: How it is started: a program, with a first argument where that tells it apart, or a module of Python.
        other_commands: The same of another program, unless the image is its own.
        images: Images that start it, or that it is started in, as a regular expression; empty for none of its own.
        port: Where it listens when nothing is said.
        image_port: The same in its image, where that says another.
        later_port: The same in later versions, where these listen elsewhere: none can be told by an image's tag.
        port_flags: Flags by which it is told the port, with dashes.
        port_variables: Environment variables that tell it too; a flag goes before them.
        config_flags: Flags that name a file which may tell it.
        host: The only address on which it listens when nothing is said; empty where it listens on each of its pod's.
        image_host: The same in its image, where that says another.
        earlier_host: The same in earlier versions, where these listen elsewhere.
        host_flags: Flags by which it is told the address, with dashes.
        host_variables: Environment variables that tell it too; a flag goes before them.
        socket_flags: Flags with which it listens on a socket in its file system alone, with dashes.
        grpc: Whether it speaks gRPC alone, which nobody here does.
        grpc_flags: Flags with which it does, with dashes.
        health_path: The path that answers with success once it can serve.
        health_known: Whether it is known to answer there.
        prefix_flags: Flags that put a prefix before each of its paths, with dashes.
        prefix_variables: Environment variables that do the same; a flag goes before them.
        tls_flags: Flags with which it speaks TLS, with dashes.
        tls_variables: Environment variables that do the same.
        client_certificate_flags: Flags that say with 2 that it asks clients for a certificate, with dashes.
        block_size_flags: Flags that say how many tokens a block of its KV cache has, with dashes.
        block_size_variables: Environment variables that say it too; a flag goes before them.
        every_node_flags: Flags with which each node of a gang has a server that answers requests, with dashes.
        rank_port_flags: Flags with which each data-parallel rank may have a port of its own, with dashes.
        helpers: What the names of programs begin with that work for it, and answer no requests of clients.
        routes: Whether it passes requests on to other servers.
    """

    name: str
    type: EngineType
    commands: tuple[str, ...] = ()
    other_commands: tuple[str, ...] = ()
    images: str = ""
    port: int = 8000
    image_port: int | None = None
    later_port: int | None = None
    port_flags: tuple[str, ...] = ("--port",)
    port_variables: tuple[str, ...] = ()
    config_flags: tuple[str, ...] = ()
    host: str = ""
    image_host: str | None = None
    earlier_host: str = ""
    host_flags: tuple[str, ...] = ("--host",)
    host_variables: tuple[str, ...] = ()
    socket_flags: tuple[str, ...] = ()
    grpc: bool = False
    grpc_flags: tuple[str, ...] = ()
    health_path: str = "/health"
    health_known: bool = True
    prefix_flags: tuple[str, ...] = ()
    prefix_variables: tuple[str, ...] = ()
    tls_flags: tuple[str, ...] = ()
    tls_variables: tuple[str, ...] = ()
    client_certificate_flags: tuple[str, ...] = ()
    block_size_flags: tuple[str, ...] = ()
    block_size_variables: tuple[str, ...] = ()
    every_node_flags: tuple[str, ...] = ()
    rank_port_flags: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    routes: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables by which it is told what is read of it."""
        return (
            *self.port_variables,
            *self.host_variables,
            *self.prefix_variables,
            *self.tls_variables,
            *self.block_size_variables,
        )
