"""Where pynn differs from Keras 3 on purpose: the one list of it, with the reasons.

`test_signatures` looks names up here; the other entries name what a comment in a test is about.
"""

from __future__ import annotations

# What belongs to parts of Keras that pynn has not: lower precisions, LoRA, masks, sparse tensors.
ABSENT_ARGUMENTS = {
    "autocast": "no mixed precision",
    "lora_rank": "no low-rank adapters",
    "lora_alpha": "no low-rank adapters",
    "quantization_config": "no quantization",
    "gptq_unpacked_column_size": "no quantization",
    "ragged": "no ragged tensors",
    "sparse": "no sparse tensors",
    "idf_weights": "no frequencies of words in texts",
    "salt": "no second hash",
    "synchronized": "one process",
    "renorm": "no batch renormalization",
    "renorm_clipping": "no batch renormalization",
    "renorm_momentum": "no batch renormalization",
    "input_axes": "the kernels of dense layers have one order of axes",
    "output_axes": "the kernels of dense layers have one order of axes",
    "zipped": "a model is one file",
    "free_memory": "memory is freed when the last reference goes",
    "double_checkpoint": "a backup is replaced in one step, so that one is enough",
    "splines": "pictures are drawn without Graphviz",
}
# Names whose arguments mean the same and are called otherwise, or have another default.
OTHER_SIGNATURES = {
    "layers.Embedding.embeddings_initializer": "the same initializer under its full name",
    "layers.PReLU.alpha_initializer": "the same initializer in lower case",
    "callbacks.ReduceLROnPlateau.baseline": "an argument of its parent that does nothing",
    "layers.InputLayer.activity_regularizer": "inputs are not penalized",
    "layers.InputLayer.batch_shape": "written as shape, of one row",
    "layers.InputLayer.ragged": "no ragged tensors",
    "layers.LayerNormalization.rms_scaling": "an argument that Keras no longer takes",
    "layers.StringLookup.oov_method": "texts have only one",
    "layers.StringLookup.vocabulary_dtype": "its vocabulary holds texts",
    "models.Sequential.trainable": "after name, which came second in Keras 2",
    "models.Sequential.name": "before trainable, as in Keras 2",
    "random.SeedGenerator.name": "has no name",
    "layers.dot.axes": "needed, as the layer's are",
    "layers.serialize.layer": "positional",
    "losses.deserialize.name": "positional",
    "optimizers.schedules.serialize.learning_rate_schedule": "positional",
    "ops.identity.n": "a node of the graph, not a matrix",
    "ops.identity.dtype": "a node of the graph, not a matrix",
    "ops.where.x1": "needed: a result's shape may not depend on values",
    "ops.where.x2": "needed: a result's shape may not depend on values",
}
# Behaviour, each beside the test that leaves it out.
OTHER_BEHAVIOUR = {
    "ops.sparsemax": "see activations.sparsemax",
    "activations.sparsemax": "a projection, whose rows sum to 1; those of Keras 3.15 do not",
    "layers.Normalization(mean=...)": "given moments are weights, and counted as such",
    "metrics=['AUC']": "the key is 'auc', as in Keras 2; Keras 3 writes 'AUC'",
    "EarlyStopping('val_out_accuracy')": "the name tells the direction where no metric does",
    "a first figure that is not a number": "is not the best one",
    "utils.normalize along axis 0 of arrays": "Keras divides by norms of the other axis",
    "history's order of keys": "loss first; Keras on JAX sorts them",
}
