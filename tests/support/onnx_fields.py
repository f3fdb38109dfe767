"""Prints the fields and enum numbers of Debian's python3-onnx, one a line, for test_onnx_proto.c.

May assume: nothing; without the package it prints nothing and exits with 77. Never looks at this project's schema.
"""
import sys

try:
    from onnx import onnx_data_pb2, onnx_ml_pb2
except ImportError:
    sys.exit(77)


def show(message, name):
    for f in message.fields:
        packed = f.has_options and f.GetOptions().packed
        print("field", name, f.name, f.number, f.type, "repeated" if f.label == f.LABEL_REPEATED else "single",
              "packed" if packed else "plain", f.containing_oneof.name if f.containing_oneof else "-")
    for e in message.enum_types:
        for v in e.values:
            print("enum", name + "." + e.name, v.name, v.number)
    for m in message.nested_types:
        show(m, name + "." + m.name)


for module in (onnx_ml_pb2, onnx_data_pb2):
    for name, message in module.DESCRIPTOR.message_types_by_name.items():
        show(message, name)
