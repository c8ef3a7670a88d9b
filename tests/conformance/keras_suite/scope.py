"""Which of Keras's own tests count, and why the others do not."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from surface import surface_absent

# Test files of Keras that are run, below keras/src.
FILES = (
    "activations/*",
    "callbacks/*",
    "constraints/*",
    "initializers/*",
    "layers/layer_test.py",
    "layers/activations/*",
    "layers/core/*",
    "layers/merging/*",
    "layers/normalization/*",
    "layers/regularization/*",
    "layers/reshaping/*",
    "layers/preprocessing/normalization_test.py",
    "layers/preprocessing/rescaling_test.py",
    "losses/*",
    "metrics/*",
    "models/*",
    "optimizers/*",
    "regularizers/*",
    "saving/*",
    "trainers/*",
)
_QUANTIZED = "quantization and low-rank adapters"
_MIXED = "mixed precision and types to compute in other than float32 and float64"
_SPARSE = "sparse and ragged tensors of TensorFlow and JAX"
_IMAGES = "images, feature maps and sequences of vectors: layers around convolutions and recurrence"
_SEEDS = "Keras keeps the state of random numbers in variables; pynn's seeds are no weights"
_WORDS = "compares the words of an error, which are pynn's own"
_CONTEXT = "arguments that layers pass on by a private registry"
_LOGGING = "through Keras's switch between printing and absl's log; pynn prints"
_OLDER = "an older form of arguments, which pynn takes without a word"
_CODE = "lambdas in configs and files: pynn neither writes nor reads code, and Keras only on demand"
_COMPILES = "counts how often a backend compiles a step"
_EDITOR = "a tool that edits files of weights by hand"
_LOSES = "Keras leaves an argument out of the config, and so loses it"
_LENIENT = "pynn takes whole numbers where Keras wants floats"
_MASKS = surface_absent.ABSENT["layers"]["Masking"]
_MORE = "Keras cannot make the object again from its file; pynn can"
_LOOPS = "the state as a tree of arrays, for training loops written in JAX"
_STRUCTURED = "a loss function of several outputs at once; pynn has a loss for each output"
_SEVERAL_FILES = "a model in several files"
_SKIPS = "`objects_to_skip`, which Keras documents nowhere"
_UNKNOWN_AXIS = "axes of unknown length: sequences"
_OLDER = "takes `save_format` of Keras 2 for an error; pynn takes code for both"
_FLOAT64 = "asks for float32 exactly; pynn keeps float64, reduces in it, and has rates in it"
_BATCH = "the number of rows, which pynn's shapes leave open"
_VARIABLES = "variables that no `add_weight` makes, and weights of integers and booleans"
_NO_TENSOR = "an Input around a tensor that is there already"
_STATELESS = "layers without state, for JAX to differentiate; pynn has `pynn.Tape`"
_ERRORS = "`from_config` raises the error of the constructor; Keras makes each a TypeError"
_STRICT = "pynn refuses what Keras puts right by a guess"
_PRIVATE = "private classes of Keras, between `fit` and its backends; nobody can import them"
# Patterns of test files, and of tests in the files that are run: why they do not count.
OUT: dict[str, str] = {
    "callbacks/orbax_checkpoint_test.py": "Orbax is JAX's library of checkpoints",
    "callbacks/tensorboard_test.py": "reads the event files with TensorFlow",
    "layers/core/einsum_dense_test.py": "kernels of several axes, for attention",
    "layers/core/reversible_embedding_test.py": "language models",
    "layers/regularization/spatial_dropout_test.py": _IMAGES,
    "layers/reshaping/cropping*": _IMAGES,
    "layers/reshaping/up_sampling*": _IMAGES,
    "layers/reshaping/zero_padding*": _IMAGES,
    "metrics/iou_metrics_test.py": "segmentation of images",
    "optimizers/loss_scale_optimizer_test.py": _MIXED,
    "optimizers/multi_optimizer_test.py": "several optimizers in one",
    "optimizers/optimizer_sparse_test.py": _SPARSE,
    "saving/file_editor_test.py": _EDITOR,
    "trainers/data_adapters/*": _PRIVATE,
    "trainers/compile_utils_test.py": _PRIVATE,
    "trainers/epoch_iterator_test.py": _PRIVATE,
    "*quantize*": _QUANTIZED,
    "*lora*": _QUANTIZED,
    "*gptq*": _QUANTIZED,
    "*awq*": _QUANTIZED,
    "*int4*": _QUANTIZED,
    "*int8*": _QUANTIZED,
    "*mixed_precision*": _MIXED,
    "*float16*": _MIXED,
    "*::test_dtype_arg": _MIXED,  # bfloat16
    "*::test_serialize_dtype": _MIXED,
    "*autocast*": _MIXED,
    "losses/*::CosineSimilarityTest::test_config": _LOSES,
    "losses/*::HuberLossTest::test_config": _LOSES,
    "metrics/f_score*::test_beta_integer_type*": _LENIENT,
    "metrics/f_score*::test_threshold_not_float*": _LENIENT,
    "*::test_sparse": _SPARSE,
    "*::test_sparse[0-9]": _SPARSE,
    "*_sparse": _SPARSE,
    "*sparse_correctness*": _SPARSE,
    "*sparse_gradients*": _SPARSE,
    "*sparse_tensors*": _SPARSE,
    "*sparse_trailing*": _SPARSE,
    "*ragged*": _SPARSE,
    "*::test_retracing*": _COMPILES,
    "*::test_add_weight_string_as_first_positional_arg": _OLDER,
    "*::test_input_shape_deprecated": _OLDER,
    "*::LambdaTest::test_correctness": _CODE,
    "*::LambdaTest::test_correctness_lambda_shape": _CODE,
    "*::test_from_config_fails_closed_without_safe_mode_scope": _CODE,
    "*::test_lambda_fn": _CODE,
    "*::test_lambda_layer": _CODE,
    "*::SavingAPITest::test_safe_mode": _CODE,
    "*::test_serialization_with_lambda_layer": _CODE,
    "callbacks/*::test_verbose_logging": _LOGGING,
    "*::test_save_h5_format": _LOGGING,  # of the advice to write .keras
    "callbacks/monitor_callback_test.py::*": _PRIVATE,
    "*::EarlyStoppingTest::test_early_stopping": _PRIVATE,
    "*::BackupAndRestoreCallbackTest::test_best_case_step": _PRIVATE,
    "*::test_layer_getters": _PRIVATE,
    "models/variable_mapping_test.py": _PRIVATE,
    "*::test_objects_to_skip_with_functional_subclass_attribute_layer": _PRIVATE,
    "*_high_memory_config": _PRIVATE,
    "*_low_memory_config": _PRIVATE,
    "*::test_load_model_rejects_extraction_bomb": _PRIVATE,
    "*::test_squeeze_or_expand": _PRIVATE,
    "*::AUCTest::test_config": _PRIVATE,
    "*::FBetaScoreTest::test_non_2d_input_shapes_raises_value_error": _PRIVATE,
    "*::FBetaScoreTest::test_undefined_output_dim_raises_value_error": _PRIVATE,
    "*::LayerTest::test_trainable_init_arg": _PRIVATE,
    "*::LayerTest::test_remove_weight": _PRIVATE,
    "models/*::test_functional_struct_outputs_struct_losses*": _STRUCTURED,
    "models/*::test_functional_struct_outputs_dict_struct_losses_*": _STRUCTURED,
    "models/*::test_functional_struct_outputs_namedtuple_struct_losses": _STRUCTURED,
    "models/*::test_functional_deeply_nested_outputs_struct_losses": _STRUCTURED,
    "models/*::test_functional_list_outputs_invalid_nested_list_losses": (
        "Keras silently drops the second of two losses of an output; pynn refuses them"
    ),
    "models/*::test_warning_for_mismatched_inputs_structure": _WORDS,
    "models/*::test_input_dict_with_extra_field": (
        "pynn takes a dict with more entries than a model has inputs, and does not warn"
    ),
    "models/*::test_training_arg": "takes for granted that no layer is called to make a model",
    "models/*::test_get_state_tree": _LOOPS,
    "models/*::test_get_state_tree_with_duplicate_path": _LOOPS,
    "models/*::test_set_state_tree": _LOOPS,
    "models/*::test_export_error": "formats of TensorFlow; pynn exports ONNX, by pynn.export",
    "models/functional_test.py::*::test_basic_flow_as_a_submodel": _UNKNOWN_AXIS,
    "models/functional_test.py::*::test_functional_slicing": _UNKNOWN_AXIS,
    "models/functional_test.py::*::test_manual_input_spec": _UNKNOWN_AXIS,
    "models/sequential_test.py::*::test_basic_flow_as_a_submodel": _UNKNOWN_AXIS,
    "layers/*::test_undefined_dim_error": _UNKNOWN_AXIS,
    "layers/*::test_flatten_symbolic_with_dynamic_dimension": _UNKNOWN_AXIS,
    "layers/*::test_flatten_with_dynamic_batch_size_and_dynamic_dimenstions": _UNKNOWN_AXIS,
    "layers/*::test_repeat_vector_with_dynamic_dimension": _UNKNOWN_AXIS,
    "layers/*::test_reshape_model_fit_with_varying_input_size_and_minus_one": _UNKNOWN_AXIS,
    "layers/*::test_reshape_sets_static_shape": _UNKNOWN_AXIS,
    "layers/*::test_reshape_with_dynamic_dim_and_minus_one": _UNKNOWN_AXIS,
    "layers/*::test_input_basic_dense": _SPARSE,
    "layers/*::test_invalid_arg_combinations": _NO_TENSOR,
    "layers/*::testing_input_tensor": _NO_TENSOR,
    "layers/*::test_legacy_load_own_variables": _QUANTIZED,
    "layers/*::EmbeddingTest::test_invalid_*put_dim": _ERRORS,
    "layers/*::test_add_weight_defaults": _VARIABLES,
    "layers/*::test_init_after_state_tracking": _VARIABLES,
    "metrics/*::test_variable_tracking": _VARIABLES,
    "layers/*::test_build_signature_errors": _BATCH,
    "layers/*::test_stateless_call": _STATELESS,
    "layers/*::test_positional_arg_error": "pynn takes by position what Keras wants by name",
    "losses/*::LossTest::test_mixed_dtypes": _FLOAT64,
    "losses/*::LossTest::test_reduction": _FLOAT64,
    "losses/*::LossTest::test_sample_weight": _FLOAT64,
    "callbacks/*::test_reduces_lr_with_model_fit": _FLOAT64,
    "callbacks/*::test_model_checkpoint_options": _STRICT,  # an unknown mode
    "optimizers/*::test_ema_with_model_fit": _STRICT,  # targets of another shape
    "callbacks/*::test_best_case_epoch": _PRIVATE,
    "callbacks/*::test_backup_corrupted": "two backups; pynn replaces its one in a single step",
    "metrics/*::test_weighted_dynamic_shape*": _PRIVATE,
    "models/sequential_test.py::*::test_bad_layer": "pynn passes `training` where Keras refuses",
    "saving/*::test_save_unzipped": _SEVERAL_FILES,
    "saving/*::test_load_sharded_weights": _SEVERAL_FILES,
    "saving/*::test_objects_to_skip": _SKIPS,
    "saving/*::test_load_weights_invalid_kwargs": _SKIPS,
    "saving/*::test_model_api_errors": _OLDER,
    "saving/*::test_saving_api_errors": _OLDER,
    "saving/*::test_complex_model_without_explicit_deserialization": _MORE,
    "saving/*::test_custom_object_without_from_config": _MORE,
    "saving/*::test_compile_overridden_warnings_sequential": _WORDS,
    "saving/*::test_compile_overridden_warnings_subclassed": _WORDS,
    "saving/*::test_missing_name_for_sequential_model": "pynn gives a model without a name one",
    "trainers/*::test_predict_dropout": (
        "takes the same mask for both batches, against what it says itself; pynn's differ"
    ),
    "*::test_shared_inner_layer": _PRIVATE,
    "*::test_shared_object": _PRIVATE,
    "*::test_safe_mode_scope": _PRIVATE,
    "*::test_symbolic_build": _PRIVATE,
    "*::test_max_epochs_and_steps": "a limit for all fits, which Keras's own machines set",
    "*::test_legacy_load_skips_missing_nested_containers": "needs a file that the wheel has not",
    "*loss_scal*": _MIXED,
    "*with_dtype_policy": _MIXED,
    "*::test_bachnorm_ignore_masked_values*": _MASKS,
    "*::test_masked_broadcast_normalization": _MASKS,
    "*::test_input_fully_masked*": _MASKS,
    "*::test_end_to_end_masking": _MASKS,
    "*_renorm_*": "batch renormalization",
    "*::BatchNormalizationTest::test_serialization": "batch renormalization",
    "*rms_scaling": "an argument that Keras has deprecated",
    "*::LayerNormalizationTest::test_ln_basics": "an argument that Keras has deprecated",
    "*overwrite_with_gradient*": _QUANTIZED,  # how types of 8 bits keep their scales
    "*::test_dtype_policy_setter": _MIXED,
    "*_float8_call": _MIXED,
    "*_int8_call": _QUANTIZED,
    "*::test_rng_seed_tracking": _SEEDS,
    "*::test_layer_tracking": _SEEDS,
    "*::test_trainable_setting": _SEEDS,
    "*context_arg*": _CONTEXT,
    "*call_context*": _CONTEXT,
    "*::test_layer_build_with_attention_mask_arg": "attention",
    "*channels_first_and_vector_scale": "images",
    "*::test_orthogonal_regularizer_mode_validation": _WORDS,
    "*::test_orthogonal_regularizer_input_rank_validation": _WORDS,
    "*::LayerTest::test_layer_variable_tracking_correct": _PRIVATE,
    "*::MuonTest::test_Newton_Schulz": _PRIVATE,
    "*::MuonTest::test_lr_adjust_*": _PRIVATE,
    "*::MuonTest::test_*_weight_decay": _PRIVATE,
    "*::NadamTest::test_build_with_empty_var_list": _PRIVATE,
    "layers/core/wrapper_test.py": "a base of layers around convolutions and recurrence",
    "initializers/*_with_axes": "kernels of several axes, for attention",
    "*remat*": "recomputing activations to save a GPU's memory",
}


# Tests that count and are not run, since they would not end.
ENDLESS: tuple[str, ...] = ()
# Libraries that Keras computes with, or reads data with, and pynn does not.
LIBRARIES = ("tensorflow", "torch", "jax", "grain", "orbax")
# Patterns of names that pynn has not, besides those that the documentation lists as absent: why a
# test that uses one does not count.
ABSENT: dict[str, str] = {
    **{f"{name}*": f"uses {name}" for name in LIBRARIES},
    "keras.layers.EinsumDense": "uses a layer of attention",
    "keras.layers.attention*": "uses attention",
    "keras.applications*": "uses a network for images",
    "keras.quantizers*": _QUANTIZED,
    "keras.distribution*": "several devices",
    "keras.dtype_policies*": _MIXED,
    "keras.backend.common.remat*": "recomputing activations to save a GPU's memory",
    "keras.initializers.STFT": "sound",
    "keras.saving.saving_lib.*": _PRIVATE,
    "keras.backend.[gs]et_keras_mask": _MASKS,
}
# How pynn refuses the types that it does not compute with.
_TYPES = re.compile(r"(dtype|floatx) must be .*float32.* Received|data type '\w+' not understood")


def reason_absent(message: str) -> str | None:
    """Return why a test does not count that failed so, for want of a name or a type; or None."""
    if _TYPES.search(message):
        return _MIXED
    found = re.search(r"(?:pynn has no |No module named '|requires the )([\w.]+)", message)
    if found is None:
        return None
    name = found[1].replace("keras.src.", "keras.")
    _, package, *inner = [*name.split("."), ""]
    documented = surface_absent.ABSENT.get(package, {})
    for called, reasons in ((name, ABSENT), ("".join(inner[-2:]), documented)):
        for pattern, reason in reasons.items():
            if fnmatchcase(called, pattern):
                return reason
    return None


def reason_out(name: str) -> str | None:
    """Return why a test, or a file, does not count; None if it does."""
    for pattern, reason in OUT.items():
        if fnmatchcase(name, pattern):
            return reason
    return None
