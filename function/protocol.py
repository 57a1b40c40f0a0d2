"""Crossplane's messages, with resources parsed no further than to the fields of their fields.

On the wire they are the same as the SDK's. Only the types of some fields differ: an observed or required resource is an
`Object`, and every other Struct is the bytes that it came as.
"""

from __future__ import annotations

from typing import Any, Final

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2

_PACKAGE: Final = "modelplane"
_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_STRUCT: Final = f".{struct_pb2.Struct.DESCRIPTOR.full_name}"
_RESOURCE: Final = fnv1.Resource.DESCRIPTOR.name
_KINDS: Final = {
    "null_value": _FIELD.TYPE_INT32,
    "number_value": _FIELD.TYPE_DOUBLE,
    "string_value": _FIELD.TYPE_STRING,
    "bool_value": _FIELD.TYPE_BOOL,
    "struct_value": _FIELD.TYPE_MESSAGE,
    "list_value": _FIELD.TYPE_BYTES,
}
"""What a field of an object may be, and what is parsed of it."""


def _structs() -> descriptor_pb2.FileDescriptorProto:
    """Describe what a Struct is parsed as.

    `Fields` and `Items` leave the bytes of their values alone. `Object` does so one level further down,
    since everything of interest is there.
    """
    file = descriptor_pb2.FileDescriptorProto(name="modelplane/structs.proto", package=_PACKAGE, syntax="proto3")
    _add_map(file, "Fields", "")
    _add_map(file, "Object", "Value")
    items = file.message_type.add(name="Items")
    _add_field(items, "values", struct_pb2.ListValue.VALUES_FIELD_NUMBER, repeated=True)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="kind")
    for name, kind in _KINDS.items():
        number = struct_pb2.Value.DESCRIPTOR.fields_by_name[name].number
        value.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL, type=kind, oneof_index=0)
        if kind == _FIELD.TYPE_MESSAGE:
            value.field[-1].type_name = f".{_PACKAGE}.Fields"
    return file


def _add_map(file: descriptor_pb2.FileDescriptorProto, name: str, value: str) -> None:
    message = file.message_type.add(name=name)
    entry = message.nested_type.add(name="FieldsEntry", options=descriptor_pb2.MessageOptions(map_entry=True))
    _add_field(entry, "key", 1, text=True)
    _add_field(entry, "value", 2, of=value)
    _add_field(message, "fields", struct_pb2.Struct.FIELDS_FIELD_NUMBER, of=f"{name}.FieldsEntry", repeated=True)


def _add_field(
    message: descriptor_pb2.DescriptorProto,
    name: str,
    number: int,
    *,
    of: str = "",
    text: bool = False,
    repeated: bool = False,
) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
    field.type = _FIELD.TYPE_MESSAGE if of else _FIELD.TYPE_STRING if text else _FIELD.TYPE_BYTES
    if of:
        field.type_name = f".{_PACKAGE}.{of}"


def _calls(name: str, resource: str) -> descriptor_pb2.FileDescriptorProto:
    """Describe Crossplane's messages.

    Args:
        name: What they are called here.
        resource: What a resource is parsed as; empty for not at all.
    """
    file = descriptor_pb2.FileDescriptorProto()
    fnv1.DESCRIPTOR.CopyToProto(file)
    theirs, ours = f".{file.package}.", f".{_PACKAGE}.{name}."
    file.name, file.package = f"modelplane/{name}.proto", f"{_PACKAGE}.{name}"
    file.dependency.append("modelplane/structs.proto")
    del file.service[:]
    pending = list(file.message_type)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        for field in message.field:
            if field.type_name == _STRUCT and message.name == _RESOURCE and resource:
                field.type_name = f".{_PACKAGE}.{resource}"
            elif field.type_name == _STRUCT:
                field.type = _FIELD.TYPE_BYTES
                field.ClearField("type_name")
            elif field.type_name.startswith(theirs):
                field.type_name = ours + field.type_name.removeprefix(theirs)
    return file


def _messages() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    for known in (duration_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    for file in (_structs(), _calls("asked", "Object"), _calls("answered", "")):
        pool.Add(file)
    names = ("Fields", "Items", "asked.RunFunctionRequest", "answered.RunFunctionResponse")
    message_types = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in names}
    return {name: message_factory.GetMessageClass(message_type) for name, message_type in message_types.items()}


COMPOSITE: Final = (
    fnv1.RunFunctionRequest.OBSERVED_FIELD_NUMBER,
    fnv1.State.COMPOSITE_FIELD_NUMBER,
    fnv1.Resource.RESOURCE_FIELD_NUMBER,
)
"""Where the observed composite is in a request."""

Fields, Items, Request, Response = _messages().values()
"""A Struct, a list, a request and a response."""
