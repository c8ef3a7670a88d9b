# cython: language_level=3, boundscheck=False, wraparound=False
"""Rollouts: what a network thinks will happen, step by step."""

from pynn.cython_predict cimport check, handle_of, predict_row_f32, pynn_predictor


def roll_out(predictor, float[:, :, ::1] states):
    """Fill in the states that follow the first one of each rollout.

    Parameters
    ----------
    predictor : pynn.cython_predict.Predictor
        Of a network that takes a state, and returns by how much it changes in a step.
    states : writable float32 array of shape (rollouts, steps, numbers in a state)
        The first step of each rollout is where it begins.

    Notes
    -----
    The GIL is released, so that several threads may each do a part of the rollouts, with the same
    predictor.
    """
    cdef const pynn_predictor *handle = handle_of(predictor)
    cdef Py_ssize_t size = states.shape[2], i, step, k
    if predictor.n_inputs != size or predictor.n_outputs != size:
        raise ValueError(f"the network must take and return {size} numbers")
    with nogil:
        for i in range(states.shape[0]):
            for step in range(1, states.shape[1]):
                check(predict_row_f32(handle, &states[i, step - 1, 0], &states[i, step, 0]))
                for k in range(size):
                    states[i, step, k] += states[i, step - 1, k]
