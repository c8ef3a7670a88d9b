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

_TF_DATA = "makes a `tf.data.Dataset`; arrays, generators and `utils.PyDataset` are read"
_INNER = "what Keras's parts say to one another, and not code that uses them"
_MEMORY = "computes again in the backward pass what did not fit a GPU's memory"
_DEVICES = "for several devices: pynn computes on the CPU, with threads, and `dask` with machines"
_QUANTIZED = "for numbers of few bits: `Model.export` writes int8, with a report of what that loses"
_POLICY = "layers compute in the type of their weights, which is `dtype`, or `backend.floatx()`"
_TREE = "a special case of the functions that are there"
_DRAWN = "NumPy draws data; `call` and losses draw normal and uniform numbers, integers and classes"
_FILES = "files hold weights, and the arguments of layers; a subclass of either writes neither"
_TRACED = "`layer(Input(shape))` and `compute_output_shape` say what comes out"
_LOOP = (
    "the loop of the engine is not made of Python functions; `train_step` and its like are called"
)

_OF_LAYERS = {  # and of models, which are layers
    "compute_mask": _MASKS,
    "supports_masking": _MASKS,
    "compute_output_spec": _TRACED,
    "symbolic_call": _TRACED,
    "dtype_policy": _POLICY,
    "load_own_variables": _FILES,
    "save_own_variables": _FILES,
    "*quantiz*": _QUANTIZED,
    "rematerialized_call": _MEMORY,
}

# By package, or class, and pattern of names.
ABSENT: dict[str, dict[str, str]] = {
    "": {
        "KerasTensor": "is `ops.Tensor`, and has this name below `as_keras()`",
        "version": "is `__version__`, and has this name below `as_keras()`",
        "DTypePolicy": _POLICY,
        "FloatDTypePolicy": _POLICY,
        "dtype_policies": _POLICY,
        "mixed_precision": _MIXED,
        "Quantizer": _QUANTIZED,
        "quantizers": _QUANTIZED,
        "Function": _INNER,
        "Operation": _INNER,
        "StatelessScope": _INNER,
        "SymbolicScope": _INNER,
        "name_scope": _INNER,
        "src": _INNER,
        "RematScope": _MEMORY,
        "remat": _MEMORY,
        "device": _DEVICES,
        "distribution": _DEVICES,
        "distillation": "trains a model on another's outputs: `compute_loss` of a model does",
        "applications": _IMAGES,
        "visualization": _IMAGES,
        "preprocessing": "for images, texts and series: pynn is for dense networks",
    },
    "utils": {
        "Config": "a dict",
        "FeatureSpace": "`TabularClassifier` and `TabularRegressor` take tables as they are; "
        "`StringLookup` and its relatives encode columns",
        "Progbar": "`fit` shows progress; loops of one's own have tqdm",
        "array_to_img": _IMAGES,
        "bounding_boxes": _IMAGES,
        "img_to_array": _IMAGES,
        "load_img": _IMAGES,
        "save_img": _IMAGES,
        "image_dataset_from_directory": _IMAGES,
        "audio_dataset_from_directory": _SOUND,
        "text_dataset_from_directory": _TEXTS,
        "pad_sequences": _TEXTS,
        "timeseries_dataset_from_array": _TF_DATA,
        "split_dataset": _TF_DATA,
        "get_file": "`urllib.request.urlretrieve` downloads a file; `datasets` get their own",
        "get_source_inputs": _INNER,
        "model_to_dot": "makes a graph for Graphviz; `utils.plot_model` draws without it",
        "standardize_dtype": "is in `backend`",
    },
    "saving": {"KerasFileEditor": "edits files: weights are read, changed and written by a model"},
    "random": {"beta": _DRAWN, "binomial": _DRAWN, "gamma": _DRAWN},
    "config": {
        "dtype_policy": _POLICY,
        "set_dtype_policy": _POLICY,
        "*flash_attention*": _TEXTS,
        "is_nnx_enabled": _OTHERS,
        "set_backend": "there is one",
        "enable_unsafe_deserialization": "code in files is never run",
        "*max_epochs": "cuts every training short, to try a script: `epochs` does",
        "*max_steps_per_epoch": "cuts every epoch short, to try a script: `steps_per_epoch` does",
        "set_image_data_format": _IMAGES,
    },
    "backend": {
        "get_uid": _INNER,
        "result_type": _INNER,
        "set_image_data_format": _IMAGES,
    },
    "tree": {
        "MAP_TO_NONE": _TREE,
        "assert_same_paths": _TREE,
        "lists_to_tuples": _TREE,
        "map_shape_structure": _TREE,
        "map_structure_up_to": _TREE,
        "traverse": _TREE,
    },
    "export": {"ExportArchive": "for TensorFlow's SavedModel; `Model.export` writes ONNX and C"},
    "wrappers": {"SKLearnTransformer": "a model of its own gives what a layer makes of rows"},
    "Variable": {
        "overwrite_with_gradient": _MIXED,
        "aggregation": _DEVICES,
        "synchronization": _DEVICES,
    },
    "Model": {
        "add_metric": "older than Keras 3; metrics in attributes are found",
        "compute_loss_and_updates": _INNER,
        "jax_state_sync": _INNER,
        "make_*_function": _LOOP,
        **_OF_LAYERS,
    },
    "Layer": {
        "add_metric": "older than Keras 3; metrics in attributes are found",
        "*build_*config": "a layer in a file is built for the shape of what it is called on",
        **_OF_LAYERS,
    },
    "Optimizer": {
        "add_variable": "`add_variable_from_reference` keeps an array for each weight, and an "
        "attribute a number",
    },
    "activations": {},
    "models": {},
    "Loss": {},
    "Metric": {},
    "callbacks.Callback": {},
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

# Of names that are there, what is otherwise than in Keras 3.
OTHERWISE: dict[str, str] = {
    "`Input((None, 4))`, and other axes of no known size behind the first": "refused where it is "
    "given: the rows of a model have one length; pad them, or make each part a row of its own",
    "`==` of tensors and variables": "asks whether they are the same, so that lists, sets and "
    "dicts can hold them; `ops.equal` compares numbers",
    '`metrics=["AUC"]`': "is called `auc`, as in Keras 2, and not `AUC`; so are others by the name "
    "of a class",
    "`history.history`, `evaluate`": "the loss comes first, and the others are not sorted",
    "`model.metrics_names`": "what `evaluate` returns, one by one, and not `compile_metrics`",
    "`run_eagerly`, `jit_compile`": "taken, and make no difference: code in `call` that looks at "
    "values runs in Python, all other in the engine or in NumPy",
    "`seed` of layers and of a `SeedGenerator` in a `call`": "what the engine draws follows from "
    "the seed of the whole training, `utils.set_random_seed`",
    "a `SeedGenerator`": "has no `state` among the weights of a model",
    "`random.truncated_normal`, and numbers without an axis for the batch, in a `call`": "drawn "
    "in NumPy, as is what has an integer for `seed`, which draws the same each time",
    "weights of whole numbers, `Variable(0)` and `add_weight(dtype=...)`": "not trained, and "
    "models that read them in `call` run in NumPy",
    "`sample_weight` with numbers for the steps of a sample": "refused; a loss function can read "
    "them from further columns of `y`",
    "ops on NumPy's whole numbers and Python's numbers": "as NumPy: sums of whole numbers are "
    "int64, and functions, means and quotients float64, where Keras has int32 and float32",
    "`dtype` of layers and variables": "float32 and float64, the same one in all layers of a model",
    "`stateless_*` of models, layers, optimizers and metrics": "return"
    " arrays; gradients are a `Tape`'s, not `jax.grad`'s",
}
