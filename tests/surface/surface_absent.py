"""What Keras has and pynn has not, and why: the last table of docs/keras-surface.md.

`tests/conformance/test_absent.py` compares it with Keras, package by package.
"""

from __future__ import annotations

_IMAGES = "for images: pynn is for dense networks"
_SOUND = "for sound and handwriting: pynn is for dense networks"
_MIXED = "for mixed precision: pynn computes in float32 and float64"
_SEVERAL = (
    "learning rate, callbacks and files would each have to know of several optimizers; "
    "`optimizers.Muon` leaves layers to Adam, and `Tape` with `optimizer.apply` takes any steps"
)

_SERIES = "for series: pynn is for dense networks, which take windows of them, flattened"
_TEXTS = "for texts: pynn is for dense networks"
_HASH = "`StringLookup` with `num_oov_indices` hashes what its vocabulary lacks"
_OTHERS = "holds a model of another library"
_MASKS = (
    "masks would go with tensors through each layer, loss and metric, and `Flatten` drops them; "
    "`sample_weight` leaves rows out, and a product with a mask entries"
)

# By package and pattern of names.
ABSENT: dict[str, dict[str, str]] = {
    "losses": {
        "CTC": _SOUND,
        "ctc": _SOUND,
        "Circle": "compares the rows of a batch with one another, to learn similarities",
        "circle": "as `losses.Circle`",
    },
    "metrics": {"*IoU": _IMAGES},
    "optimizers": {
        "LossScaleOptimizer": _MIXED,
        "MultiOptimizer": _SEVERAL,
        "OptimizerMap": "as `optimizers.MultiOptimizer`",
    },
    "layers": {
        "Adaptive*": _IMAGES,
        "*Pool[1-3]D": _IMAGES,
        "*Pooling[1-3]D": _IMAGES,
        "*Conv[1-3]D*": _IMAGES,
        "*Convolution[1-3]D*": _IMAGES,
        "UpSampling*": _IMAGES,
        "ZeroPadding*": _IMAGES,
        "Cropping*": _IMAGES,
        "SpatialDropout*": _IMAGES,
        "Random*": _IMAGES,
        "RandAugment": _IMAGES,
        "AugMix": _IMAGES,
        "AutoContrast": _IMAGES,
        "CenterCrop": _IMAGES,
        "ContrastLimited*": _IMAGES,
        "CutMix": _IMAGES,
        "Equalization": _IMAGES,
        "MaxNumBoundingBoxes": _IMAGES,
        "MixUp": _IMAGES,
        "Resizing": _IMAGES,
        "Solarization": _IMAGES,
        "Pipeline": _IMAGES,
        "ConvLSTM*": _SERIES,
        "GRU*": _SERIES,
        "LSTM*": _SERIES,
        "RNN": _SERIES,
        "SimpleRNN*": _SERIES,
        "StackedRNNCells": _SERIES,
        "Bidirectional": _SERIES,
        "TimeDistributed": _SERIES,
        "Wrapper": _SERIES,
        "*Attention": _TEXTS,
        "TextVectorization": _TEXTS,
        "ReversibleEmbedding": _TEXTS,
        "MelSpectrogram": _SOUND,
        "STFTSpectrogram": _SOUND,
        "Hashing": _HASH,
        "HashedCrossing": _HASH,
        "FlaxLayer": _OTHERS,
        "JaxLayer": _OTHERS,
        "TFSMLayer": _OTHERS,
        "TorchModuleWrapper": _OTHERS,
        "EinsumDense": "`Dense` takes inputs of any number of axes, and layers of one's own "
        "`ops.einsum`",
        "InputSpec": "layers check what they are called on where they are built",
        "Masking": _MASKS,
        "SpectralNormalization": "changes the weights of another layer at each step; constraints "
        "do so too",
    },
    "optimizers.schedules": {},
    "initializers": {"STFT*": _SOUND, "stft": _SOUND},
    "regularizers": {},
    "constraints": {},
    "callbacks": {
        "OrbaxCheckpoint": "writes what JAX's library Orbax reads; `ModelCheckpoint` and "
        "`BackupAndRestore` write pynn's files",
        "RemoteMonitor": "sends to a server; `LambdaCallback` can",
    },
}
