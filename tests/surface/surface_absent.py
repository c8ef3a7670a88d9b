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

_FOURIER = "for Fourier transforms, and numbers are real"
_COMPLEX = "for complex numbers: numbers are real"
_BITS = "for the bits of whole numbers"
_ALGEBRA = (
    "decompositions and systems of equations: NumPy has them for what is found before training, "
    "and no op of a network needs one"
)
_BY_VALUES = (
    "the shape of the result depends on values, which no op of a model's can; NumPy has it for data"
)
_RARE = "another name, or a special case, of functions that are there; NumPy has it for data"
_NAN = "`ops.where(ops.isnan(x), ...)` before `ops.cumsum`, `ops.argmax` and the like"
_LOOPS = "ops take whole batches; `ops.fori_loop` and `ops.while_loop` repeat what must be"
_GRADIENTS = "gradients are those of the ops; `Tape` finds them"

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
        "InputSpec": "layers check what they are called on where they are built",
        "Masking": _MASKS,
        "SpectralNormalization": "changes the weights of another layer at each step; constraints "
        "do so too",
    },
    "ops": {
        "adaptive_*_pool": _IMAGES,
        "average_pool": _IMAGES,
        "max_pool": _IMAGES,
        "conv": _IMAGES,
        "conv_transpose": _IMAGES,
        "depthwise_conv": _IMAGES,
        "separable_conv": _IMAGES,
        "depth_to_space": _IMAGES,
        "space_to_depth": _IMAGES,
        "fold": _IMAGES,
        "unfold": _IMAGES,
        "image": _IMAGES,
        "psnr": _IMAGES,
        "rot90": _IMAGES,
        "ctc_*": _SOUND,
        "istft": _SOUND,
        "stft": _SOUND,
        "extract_sequences": _SOUND,
        "bartlett": _SOUND,
        "blackman": _SOUND,
        "hamming": _SOUND,
        "hanning": _SOUND,
        "kaiser": _SOUND,
        "fft": _FOURIER,
        "fft2": _FOURIER,
        "ifft2": _FOURIER,
        "irfft": _FOURIER,
        "rfft": _FOURIER,
        "dot_product_attention": _TEXTS,
        "associative_scan": _SERIES,
        "scan": _SERIES,
        "correlate": _SERIES,
        "angle": _COMPLEX,
        "conj": _COMPLEX,
        "conjugate": _COMPLEX,
        "imag": _COMPLEX,
        "isreal": _COMPLEX,
        "polar": _COMPLEX,
        "real": _COMPLEX,
        "view_as_complex": _COMPLEX,
        "view_as_real": _COMPLEX,
        "bitwise_*": _BITS,
        "left_shift": _BITS,
        "right_shift": _BITS,
        "gcd": _BITS,
        "lcm": _BITS,
        "nextafter": _BITS,
        "signbit": _BITS,
        "view": _BITS,
        "ldexp": _BITS,
        "cholesky": _ALGEBRA,
        "cholesky_inverse": _ALGEBRA,
        "det": _ALGEBRA,
        "eig": _ALGEBRA,
        "eigh": _ALGEBRA,
        "inv": _ALGEBRA,
        "linalg": _ALGEBRA,
        "logdet": _ALGEBRA,
        "lstsq": _ALGEBRA,
        "lu_factor": _ALGEBRA,
        "matrix_rank": _ALGEBRA,
        "pinv": _ALGEBRA,
        "qr": _ALGEBRA,
        "slogdet": _ALGEBRA,
        "solve": _ALGEBRA,
        "solve_triangular": _ALGEBRA,
        "svd": _ALGEBRA,
        "argpartition": _BY_VALUES,
        "bincount": _BY_VALUES,
        "histogram": _BY_VALUES,
        "nonzero": _BY_VALUES,
        "unique": _BY_VALUES,
        "unravel_index": _BY_VALUES,
        "cross": _RARE,
        "cumprod": _RARE,
        "diagflat": _RARE,
        "dsplit": _RARE,
        "dstack": _RARE,
        "fmod": _RARE,
        "geomspace": _RARE,
        "i0": _RARE,
        "kron": _RARE,
        "logaddexp2": _RARE,
        "rearrange": _RARE,
        "saturate_cast": _RARE,
        "scatter_update": _RARE,
        "vander": _RARE,
        "nanarg*": _NAN,
        "nancum*": _NAN,
        "nanmedian": _NAN,
        "nanpercentile": _NAN,
        "nanquantile": _NAN,
        "map": _LOOPS,
        "vectorize": _LOOPS,
        "vectorized_map": _LOOPS,
        "custom_gradient": _GRADIENTS,
        "jvp": _GRADIENTS,
        "nn": "every function is in `pynn.ops` itself",
        "numpy": "every function is in `pynn.ops` itself",
    },
    "optimizers.schedules": {},
    "initializers": {"STFT*": _SOUND, "stft": _SOUND},
    "regularizers": {},
    "constraints": {},
    "datasets": {
        "cifar100": _IMAGES,
        "imdb": _TEXTS,
        "reuters": _TEXTS,
    },
    "callbacks": {
        "OrbaxCheckpoint": "writes what JAX's library Orbax reads; `ModelCheckpoint` and "
        "`BackupAndRestore` write pynn's files",
        "RemoteMonitor": "sends to a server; `LambdaCallback` can",
    },
}
