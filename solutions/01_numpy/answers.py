# %% exercise="count_steps" verdict="right"
def count_steps(samples, batch_size, epochs):  # counts the starts of the batches
    starts = range(0, samples, batch_size)
    return epochs * len(starts), samples - starts[-1]

# %% exercise="count_steps" verdict="right"
def count_steps(samples, batch_size, epochs):  # walks through the training
    steps = 0
    for _ in range(epochs):
        left = samples
        while left > 0:
            last = min(batch_size, left)
            left -= last
            steps += 1
    return steps, last

# %% exercise="count_steps" verdict="right"
def count_steps(samples, batch_size, epochs):  # quotient and remainder
    full, rest = divmod(samples, batch_size)
    if rest == 0:
        return full * epochs, batch_size
    return (full + 1) * epochs, rest

# %% exercise="count_steps" verdict="wrong" says="a fourth would be an empty batch"
def count_steps(samples, batch_size, epochs):  # always one more than the full batches
    full = samples // batch_size
    return epochs * (full + 1), samples - full * batch_size

# %% exercise="count_steps" verdict="wrong" says="it is not full"
def count_steps(samples, batch_size, epochs):  # believes that all batches have batch_size samples
    return epochs * math.ceil(samples / batch_size), batch_size

# %% exercise="count_steps" verdict="wrong" says="multiply by the epochs"
def count_steps(samples, batch_size, epochs):  # steps_per_epoch instead of all steps
    return math.ceil(samples / batch_size), samples % batch_size or batch_size

# %% exercise="count_steps" verdict="wrong" says="a number of steps is an int"
def count_steps(samples, batch_size, epochs):  # np.ceil returns a float
    return epochs * np.ceil(samples / batch_size), samples % batch_size or batch_size

# %% exercise="count_steps" verdict="right"
# divmod: full batches plus one more where something is left
def count_steps(samples, batch_size, epochs):
    full, rest = divmod(samples, batch_size)
    return (full + (rest > 0)) * epochs, rest or batch_size

# %% exercise="count_steps" verdict="right"
# the starts of the batches are a range; its last one tells the last size
def count_steps(samples, batch_size, epochs):
    starts = range(0, samples, batch_size)
    return len(starts) * epochs, samples - starts[-1]

# %% exercise="count_steps" verdict="right"
# plays the training through, sample by sample
def count_steps(samples, batch_size, epochs):
    steps = last = 0
    for _ in range(epochs):
        left = samples
        while left > 0:
            last = min(batch_size, left)
            left -= last
            steps += 1
    return steps, last

# %% exercise="count_steps" verdict="wrong" says="run on into the next epoch"
# a batch never mixes two epochs (tf.data repeat before batch)
def count_steps(samples, batch_size, epochs):
    return math.ceil(samples * epochs / batch_size), samples % batch_size or batch_size

# %% exercise="count_steps" verdict="wrong" says="each of the 2 epochs ends with"
# the size of an epoch's last batch; the remainder of the whole stream is taken
def count_steps(samples, batch_size, epochs):
    steps = -(-samples // batch_size) * epochs
    return steps, (samples * epochs) % batch_size or batch_size

# %% exercise="count_steps" verdict="wrong" says="leave samples out"
# every sample is used once per epoch; drop_remainder habit, and the last batch is called full
def count_steps(samples, batch_size, epochs):
    return samples // batch_size * epochs, min(samples, batch_size)

# %% exercise="count_steps" verdict="wrong" says="the remainder is 0, but"
# the size of an epoch's last batch; 0 where batches fit exactly
def count_steps(samples, batch_size, epochs):
    return math.ceil(samples / batch_size) * epochs, samples % batch_size

# %% exercise="count_steps" verdict="wrong" says="holds all 5 samples"
# the size of an epoch's last batch; where the batch is larger than the data it answers batch_size - samples
def count_steps(samples, batch_size, epochs):
    steps = math.ceil(samples / batch_size)
    missing = abs(samples - batch_size * (samples // batch_size or 1))
    return steps * epochs, missing or batch_size

# %% exercise="mse_grad" verdict="right"
def mse_grad(pred, target):  # formula in two steps
    grad = np.subtract(pred, target)
    grad *= 2 / grad.size
    return grad

# %% exercise="mse_grad" verdict="right"
def mse_grad(pred, target):  # entry by entry
    grad = np.empty_like(pred)
    for place in np.ndindex(pred.shape):
        grad[place] = 2 * (pred[place] - target[place]) / math.prod(pred.shape)
    return grad

# %% exercise="mse_grad" verdict="right"
def mse_grad(pred, target):  # lets PyTorch do it
    p = torch.tensor(pred, requires_grad=True)
    torch.nn.functional.mse_loss(p, torch.tensor(target)).backward()
    return p.grad.numpy()

# %% exercise="mse_grad" verdict="wrong" says="gradient of the sum"
def mse_grad(pred, target):  # np-sse-loss: the lesson's loss, not Keras'
    return 2 * (pred - target)

# %% exercise="mse_grad" verdict="wrong" says="divided by the 2 rows only"
def mse_grad(pred, target):  # the mean over the batch alone
    return 2 * (pred - target) / len(pred)

# %% exercise="mse_grad" verdict="wrong" says="the factor 2 of the square"
def mse_grad(pred, target):  # a loss with 1/2 in front
    return (pred - target) / pred.size

# %% exercise="mse_grad" verdict="wrong" says="the sign is turned"
def mse_grad(pred, target):  # Keras' order (y_true, y_pred) in the head
    return 2 * (target - pred) / pred.size

# %% exercise="mse_grad" verdict="wrong" says="the caller's pred was overwritten"
def mse_grad(pred, target):  # saves memory in the caller's array
    pred -= target
    return 2 * pred / pred.size

# %% exercise="mse_grad" verdict="wrong" says="one number is the loss"
def mse_grad(pred, target):  # the loss instead of its gradient
    return np.mean((pred - target) ** 2)

# %% exercise="mse_grad" verdict="wrong" says="mean absolute error"
def mse_grad(pred, target):  # gradient of another loss
    return np.sign(pred - target) / pred.size

# %% exercise="mse_grad" verdict="right"
# one new array, worked on in place
def mse_grad(pred, target):
    grad = np.empty_like(pred)
    np.subtract(pred, target, out=grad)
    grad *= 2
    grad /= pred.size
    return grad

# %% exercise="mse_grad" verdict="right"
# entry by entry
def mse_grad(pred, target):
    grad = np.zeros_like(pred)
    for spot in np.ndindex(pred.shape):
        grad[spot] = 2 * (pred[spot] - target[spot]) / pred.size
    return grad

# %% exercise="mse_grad" verdict="right"
# autograd does it; torch is imported in the notebook
def mse_grad(pred, target):
    leaf = torch.tensor(pred.copy(), requires_grad=True)
    ((leaf - torch.tensor(target.copy())) ** 2).mean().backward()
    return leaf.grad.numpy()

# %% exercise="mse_grad" verdict="wrong" says="three axes of 2 x 3 x 4"
# any number of axes; only for two axes is this the number of entries
def mse_grad(pred, target):
    rows, columns = pred.shape[0], pred.shape[-1]
    return 2 * (pred - target) / (rows * columns)

# %% exercise="mse_grad" verdict="wrong" says="the caller's target was overwritten"
# neither input changes; target is overwritten
def mse_grad(pred, target):
    target -= pred
    return -2 * target / target.size

# %% exercise="mse_grad" verdict="wrong" says="expected float64, got float32"
# one float dtype, so has the result; float64 comes back as float32
def mse_grad(pred, target):
    error = (pred - target).astype(np.float32)
    return 2 * error / error.size

# %% exercise="mse_grad" verdict="wrong" says="divided by the 3 columns only"
# a mean over all entries; Keras' mean over the last axis, summed over the batch
def mse_grad(pred, target):
    return 2 * (pred - target) / pred.shape[-1]

# %% exercise="mse_grad" verdict="wrong" says="a float64 scalar promotes"
# one float dtype, so has the result; np.prod gives a NumPy scalar that promotes float32
def mse_grad(pred, target):
    return (pred - target) * (np.float64(2) / np.prod(pred.shape))

# %% exercise="leaky_relu_grad" verdict="right"
def leaky_relu_grad(upstream, h, slope):  # two masks, added
    on = (h > 0).astype(upstream.dtype)
    return upstream * on + upstream * (1 - on) * slope

# %% exercise="leaky_relu_grad" verdict="right"
def leaky_relu_grad(upstream, h, slope):  # one entry after the other
    grad = np.empty_like(upstream)
    for place, value in np.ndenumerate(h):
        grad[place] = upstream[place] * (1.0 if value > 0 else slope)
    return grad

# %% exercise="leaky_relu_grad" verdict="wrong" says="a plain ReLU"
def leaky_relu_grad(upstream, h, slope):  # the lesson's mask, no leak
    return upstream * (h > 0)

# %% exercise="leaky_relu_grad" verdict="wrong" says="the mask comes from h"
def leaky_relu_grad(upstream, h, slope):  # np-relu-mask: masks by the wrong array
    return np.where(upstream > 0, upstream, slope * upstream)

# %% exercise="leaky_relu_grad" verdict="wrong" says="only the local slope"
def leaky_relu_grad(upstream, h, slope):  # the derivative alone
    return np.where(h > 0, 1.0, slope)

# %% exercise="leaky_relu_grad" verdict="wrong" says="upstream times the output"
def leaky_relu_grad(upstream, h, slope):  # forward pass in place of its derivative
    return upstream * np.where(h > 0, h, slope * h)

# %% exercise="leaky_relu_grad" verdict="wrong" says="float32 upstream, float64 h"
def leaky_relu_grad(upstream, h, slope):  # np-float64-default: this mask is float64
    return upstream * np.where(h > 0, 1.0, slope)

# %% exercise="leaky_relu_grad" verdict="right"
# a copy, then the masked entries scaled
def leaky_relu_grad(upstream, h, slope):
    grad = upstream.copy()
    grad[h <= 0] *= slope
    return grad

# %% exercise="leaky_relu_grad" verdict="right"
# the derivative as an array of upstream's dtype
def leaky_relu_grad(upstream, h, slope):
    derivative = np.full_like(upstream, slope)
    derivative[h > 0] = 1
    return upstream * derivative

# %% exercise="leaky_relu_grad" verdict="right"
# where chooses between two products
def leaky_relu_grad(upstream, h, slope):
    return np.where(h > 0, upstream, upstream * upstream.dtype.type(slope))

# %% exercise="leaky_relu_grad" verdict="wrong" says="slope 2.5 gives"
# slope may be any number; h > slope * h finds the positive side only for slope below 1
def leaky_relu_grad(upstream, h, slope):
    return np.where(h > slope * h, upstream, slope * upstream)

# %% exercise="leaky_relu_grad" verdict="wrong" says="not h >= 0"
# at exactly 0 the derivative is slope
def leaky_relu_grad(upstream, h, slope):
    grad = upstream.copy()
    grad[h < 0] *= slope
    return grad

# %% exercise="leaky_relu_grad" verdict="wrong" says="the slope was rounded to h's dtype"
# the dtype of upstream; the derivative takes the dtype of h, and where h holds whole numbers slope becomes 0
def leaky_relu_grad(upstream, h, slope):
    derivative = np.full_like(h, slope)
    derivative[h > 0] = 1
    return upstream * derivative

# %% exercise="leaky_relu_grad" verdict="wrong" says="upstream was masked in place"
# upstream stays as it is; ravel of a contiguous array is a view
def leaky_relu_grad(upstream, h, slope):
    grad = upstream.ravel()
    grad[h.ravel() <= 0] *= slope
    return grad.reshape(upstream.shape)

# %% exercise="leaky_relu_grad" verdict="wrong" says="slope -0.5 gives"
# multiplies the others by slope; a negative slope is taken for its size
def leaky_relu_grad(upstream, h, slope):
    return np.where(h > 0, upstream, abs(slope) * upstream)

# %% exercise="dense_grads" verdict="right"
def dense_grads(x, w, upstream):  # index notation
    return (
        np.einsum("no,io->ni", upstream, w),
        np.einsum("ni,no->io", x, upstream),
        np.einsum("no->o", upstream),
    )

# %% exercise="dense_grads" verdict="right"
def dense_grads(x, w, upstream):  # adds up sample by sample
    grad_x, grad_w = np.empty_like(x), np.zeros_like(w)
    grad_b = np.zeros(w.shape[1], w.dtype)
    for n, row in enumerate(upstream):
        grad_x[n] = w @ row
        grad_w += np.outer(x[n], row)
        grad_b += row
    return grad_x, grad_w, grad_b

# %% exercise="dense_grads" verdict="right"
def dense_grads(x, w, upstream):  # the bias as a weight of a constant input
    ones = np.ones((len(x), 1), x.dtype)
    both = np.concatenate([x, ones], axis=1).T @ upstream
    return (w @ upstream.T).T, both[:-1], both[-1]

# %% exercise="dense_grads" verdict="wrong" says="a row for each sample"
def dense_grads(x, w, upstream):  # forgets that b is shared by the batch
    return upstream @ w.T, x.T @ upstream, upstream

# %% exercise="dense_grads" verdict="wrong" says="grad_b, which has the shape of b, without keepdims"
def dense_grads(x, w, upstream):  # (1, out) would still broadcast
    return upstream @ w.T, x.T @ upstream, upstream.sum(axis=0, keepdims=True)

# %% exercise="dense_grads" verdict="wrong" says="summed over the outputs"
def dense_grads(x, w, upstream):  # the other axis
    return upstream @ w.T, x.T @ upstream, upstream.sum(axis=1)

# %% exercise="dense_grads" verdict="wrong" says="grad_w came out transposed"
def dense_grads(x, w, upstream):  # nn.Linear keeps (out, in), this w does not
    return upstream @ w.T, upstream.T @ x, upstream.sum(axis=0)

# %% exercise="dense_grads" verdict="wrong" says="divided by the batch size"
def dense_grads(x, w, upstream):  # averages although the loss decides that
    return upstream @ w.T, x.T @ upstream / len(x), upstream.sum(axis=0)

# %% exercise="dense_grads" verdict="wrong" says="grad_x and grad_w changed places"
def dense_grads(x, w, upstream):  # weights first, as in model.trainable_variables
    return x.T @ upstream, upstream @ w.T, upstream.sum(axis=0)

# %% exercise="dense_grads" verdict="right"
# matrix products, each cast to the dtype of its array
def dense_grads(x, w, upstream):
    grad_x = (upstream @ w.T).astype(x.dtype, copy=False)
    grad_w = (x.T @ upstream).astype(w.dtype, copy=False)
    return grad_x, grad_w, upstream.sum(axis=0)

# %% exercise="dense_grads" verdict="right"
# einsum names the axes
def dense_grads(x, w, upstream):
    return (
        np.einsum("bo,io->bi", upstream, w),
        np.einsum("bi,bo->io", x, upstream),
        np.einsum("bo->o", upstream),
    )

# %% exercise="dense_grads" verdict="right"
# the bias is a weight whose input is always 1
def dense_grads(x, w, upstream):
    ones = np.ones((len(x), 1), dtype=x.dtype)
    both = np.concatenate([x, ones], axis=1).T @ upstream
    return upstream.dot(w.T), both[:-1], both[-1]

# %% exercise="dense_grads" verdict="wrong" says="grad_w of one input, in float32: expected float32"
# each with the dtype of its array; np.zeros is float64 where all else is float32
def dense_grads(x, w, upstream):
    grad_w, grad_b = np.zeros(w.shape), np.zeros(w.shape[1])
    for sample, up in zip(x, upstream):
        grad_w += np.outer(sample, up)
        grad_b += up
    return upstream @ w.T, grad_w, grad_b

# %% exercise="dense_grads" verdict="wrong" says="a missing transpose goes unseen"
# the gradient at x; reshape is not a transpose
def dense_grads(x, w, upstream):
    return upstream @ w.reshape(w.shape[::-1]), x.T @ upstream, upstream.sum(axis=0)

# %% exercise="dense_grads" verdict="wrong" says="grad_b is the mean of the rows"
# a batch of ones gives grad_b equal to the batch size; the mean gives 1
def dense_grads(x, w, upstream):
    return upstream @ w.T, x.T @ upstream, upstream.mean(axis=0)

# %% exercise="dense_grads" verdict="wrong" says="grad_x of one input, in float32: expected shape"
# each with the shape of its array; squeeze drops axes of size 1
def dense_grads(x, w, upstream):
    grads = upstream @ w.T, x.T @ upstream, upstream.sum(axis=0, keepdims=True)
    return tuple(np.squeeze(g) for g in grads)

# %% exercise="dense_grads" verdict="wrong" says="grad_b in float32: expected float32"
# each with the dtype of its array; a product with np.ones makes grad_b float64 for float32
def dense_grads(x, w, upstream):
    return upstream @ w.T, x.T @ upstream, np.ones(len(upstream)) @ upstream

# %% exercise="numeric_grad" verdict="right"
def numeric_grad(f, w, eps):  # moves w itself and puts the old value back
    grad = np.empty(w.shape)
    for place in np.ndindex(w.shape):
        kept = w[place]
        w[place] = kept + eps
        above = f(w)
        w[place] = kept - eps
        below = f(w)
        w[place] = kept
        grad[place] = (above - below) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="right"
def numeric_grad(f, w, eps):  # unit directions out of an identity matrix
    directions = eps * np.eye(w.size).reshape(w.size, *w.shape)
    slopes = [(f(w + d) - f(w - d)) / 2 / eps for d in directions]
    return np.array(slopes).reshape(w.shape)

# %% exercise="numeric_grad" verdict="right"
def numeric_grad(f, w, eps):  # on a flat copy of its own
    flat = w.flatten()
    found = []
    for i in range(flat.size):
        values = []
        for sign in (1, -1):
            moved = flat.copy()
            moved[i] += sign * eps
            values.append(f(moved.reshape(w.shape)))
        found.append((values[0] - values[1]) / (2 * eps))
    return np.reshape(found, w.shape)

# %% exercise="numeric_grad" verdict="wrong" says="one-sided difference: its error"
def numeric_grad(f, w, eps):  # one point above, the middle below
    grad = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        change = np.zeros_like(w)
        change[place] = eps
        grad[place] = (f(w + change) - f(w)) / eps
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="twice too large"
def numeric_grad(f, w, eps):  # two steps apart, divided by one
    grad = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        change = np.zeros_like(w)
        change[place] = eps
        grad[place] = (f(w + change) - f(w - change)) / eps
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="w is left changed"
def numeric_grad(f, w, eps):  # np-update-inplace: never puts the entry back
    grad = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        w[place] += eps
        above = f(w)
        w[place] -= 2 * eps
        grad[place] = (above - f(w)) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="a copy that f never sees"
def numeric_grad(f, w, eps):  # flatten() always copies
    flat, grad = w.flatten(), np.zeros(w.size)
    for i in range(flat.size):
        kept = flat[i]
        flat[i] = kept + eps
        above = f(w)
        flat[i] = kept - eps
        grad[i] = (above - f(w)) / (2 * eps)
        flat[i] = kept
    return grad.reshape(w.shape)

# %% exercise="numeric_grad" verdict="wrong" says="all were moved at once"
def numeric_grad(f, w, eps):  # a derivative along the diagonal
    return np.full(w.shape, (f(w + eps) - f(w - eps)) / (2 * eps))

# %% exercise="numeric_grad" verdict="wrong" says="eps is not used as given"
def numeric_grad(f, w, eps):  # an eps of its own
    eps = 1e-6
    grad = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        change = np.zeros_like(w)
        change[place] = eps
        grad[place] = (f(w + change) - f(w - change)) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="right"
# moves the entry itself and puts the old value back
def numeric_grad(f, w, eps):
    grad = np.zeros(w.shape)
    for spot in np.ndindex(w.shape):
        old = w[spot]
        w[spot] = old + eps
        above = f(w)
        w[spot] = old - eps
        below = f(w)
        w[spot] = old
        grad[spot] = (above - below) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="right"
# adds rows of a scaled identity, no writing at all
def numeric_grad(f, w, eps):
    pushes = (eps * np.eye(w.size)).reshape(w.size, *w.shape)
    slopes = [(f(w + push) - f(w - push)) / (2 * eps) for push in pushes]
    return np.array(slopes, dtype=np.float64).reshape(w.shape)

# %% exercise="numeric_grad" verdict="right"
# fresh copies, moved through their flat iterator
def numeric_grad(f, w, eps):
    def value(i, step):
        moved = w.copy()
        moved.flat[i] += step
        return f(moved)

    grad = np.empty(w.shape)
    for i in range(w.size):
        grad.flat[i] = (value(i, eps) - value(i, -eps)) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="there reshape(-1) is a copy"
# possibly a strided view; reshape copies there, so f sees nothing move
def numeric_grad(f, w, eps):
    flat = w.reshape(-1)
    grad = np.zeros(w.size)
    for i in range(w.size):
        old = flat[i]
        flat[i] = old + eps
        above = f(w)
        flat[i] = old - eps
        below = f(w)
        flat[i] = old
        grad[i] = (above - below) / (2 * eps)
    return grad.reshape(w.shape)

# %% exercise="numeric_grad" verdict="wrong" says="an entry that is 0 was left out"
# for every entry; argwhere leaves out entries that are 0
def numeric_grad(f, w, eps):
    grad = np.zeros_like(w)
    for spot in map(tuple, np.argwhere(w)):
        change = np.zeros_like(w)
        change[spot] = eps
        grad[spot] = (f(w + change) - f(w - change)) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="f got an array of shape"
# the scalar f(w) of an array of any shape; f gets a flat vector
def numeric_grad(f, w, eps):
    flat = w.ravel()
    rows = np.eye(w.size) * eps
    return np.array([(f(flat + row) - f(flat - row)) / (2 * eps) for row in rows]).reshape(w.shape)

# %% exercise="numeric_grad" verdict="wrong" says="differs in its last bits"
# afterwards w holds exactly the bits it held before; eps is taken away again by arithmetic
def numeric_grad(f, w, eps):
    grad = np.zeros_like(w)
    for spot in np.ndindex(w.shape):
        w[spot] += eps
        above = f(w)
        w[spot] -= 2 * eps
        below = f(w)
        w[spot] += eps
        grad[spot] = (above - below) / (2 * eps)
    return grad

# %% exercise="numeric_grad" verdict="wrong" says="a whole row was moved at once"
# the central difference for every entry; a row index moves a whole row at once
def numeric_grad(f, w, eps):
    grad = np.zeros_like(w)
    for i in range(len(w)):
        change = np.zeros_like(w)
        change[i] = eps
        grad[i] = (f(w + change) - f(w - change)) / (2 * eps)
    return grad

# %% exercise="softmax_cross_entropy" verdict="right"
def softmax_cross_entropy(logits, labels):  # logaddexp does the shifting
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    return -(one_hot * log_p).sum() / len(logits), (np.exp(log_p) - one_hot) / len(logits)

# %% exercise="softmax_cross_entropy" verdict="right"
def softmax_cross_entropy(logits, labels):  # sample by sample
    loss, grad = 0.0, np.zeros_like(logits)
    for n, (row, label) in enumerate(zip(logits, labels)):
        weights = [math.exp(z - max(row)) for z in row]
        loss += math.log(sum(weights)) + max(row) - row[label]
        for k, weight in enumerate(weights):
            grad[n, k] = (weight / sum(weights) - (k == label)) / len(logits)
    return loss / len(logits), grad

# %% exercise="softmax_cross_entropy" verdict="right"
def softmax_cross_entropy(logits, labels):  # lets PyTorch do it
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
    loss.backward()
    return loss.item(), z.grad.numpy()

# %% exercise="softmax_cross_entropy" verdict="wrong" says="subtract each row's maximum"
def softmax_cross_entropy(logits, labels):  # the formula of the textbook
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="before its log was taken"
def softmax_cross_entropy(logits, labels):  # a stable softmax, then its log
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="grad belongs to the sum"
def softmax_cross_entropy(logits, labels):  # np-sse-loss once more: mean above, sum below
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad

# %% exercise="softmax_cross_entropy" verdict="wrong" says="the sum over the batch"
def softmax_cross_entropy(logits, labels):  # a summed loss
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].sum(), grad

# %% exercise="softmax_cross_entropy" verdict="wrong" says="softmax ran down the columns"
def softmax_cross_entropy(logits, labels):  # the wrong axis
    log_p = logits - np.logaddexp.reduce(logits, axis=0)
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="grad is the bare softmax"
def softmax_cross_entropy(logits, labels):  # the labels are missing from the gradient
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    return -log_p[np.arange(len(labels)), labels].mean(), np.exp(log_p) / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="only the labels' logits"
def softmax_cross_entropy(logits, labels):  # differentiates only where the label stands
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    rows = np.arange(len(labels))
    grad = np.zeros_like(logits)
    grad[rows, labels] = (np.exp(log_p[rows, labels]) - 1) / len(labels)
    return -log_p[rows, labels].mean(), grad

# %% exercise="softmax_cross_entropy" verdict="wrong" says="shifted in place"
def softmax_cross_entropy(logits, labels):  # stable at the caller's cost
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / len(labels)

# %% exercise="softmax_cross_entropy" verdict="right"
# shifted by each row's maximum, log-softmax first
def softmax_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    grad /= len(labels)
    return -log_p[rows, labels].mean(), grad

# %% exercise="softmax_cross_entropy" verdict="right"
# logaddexp in float64, one-hot rows, cast back
def softmax_cross_entropy(logits, labels):
    wide = logits.astype(np.float64)
    log_p = wide - np.logaddexp.reduce(wide, axis=1)[:, None]
    hot = np.arange(logits.shape[1]) == np.asarray(labels)[:, None]
    loss = -log_p[hot].sum() / len(labels)
    return loss, ((np.exp(log_p) - hot) / len(labels)).astype(logits.dtype)

# %% exercise="softmax_cross_entropy" verdict="right"
# sample by sample
def softmax_cross_entropy(logits, labels):
    total, grad = 0.0, np.zeros_like(logits)
    for i, (row, label) in enumerate(zip(logits, labels)):
        shifted = row - row.max()
        e = np.exp(shifted)
        total += np.log(e.sum()) - shifted[label]
        grad[i] = e / e.sum() / len(labels)
        grad[i, label] -= 1 / len(labels)
    return total / len(labels), grad

# %% exercise="softmax_cross_entropy" verdict="wrong" says="one maximum for the whole array"
# logits of size 10,000 must work; one maximum for the whole batch lets a low row underflow to log 0
def softmax_cross_entropy(logits, labels):
    z = logits - logits.max()
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="subtract the maximum, not the largest size"
# logits of size 10,000 must work; the largest absolute value pushes rows of negative logits to log 0
def softmax_cross_entropy(logits, labels):
    z = logits - np.abs(logits).max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="grad for float32 logits: expected float32"
# its gradient in their dtype; np.eye is float64, so float32 logits get a float64 gradient
def softmax_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    hot = np.eye(logits.shape[1])[labels]
    return -(hot * log_p).sum(axis=1).mean(), (np.exp(log_p) - hot) / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="was a probability clipped"
# the mean of -log softmax at the label; Keras' clipping at 1e-7 caps the loss at 16.1
def softmax_cross_entropy(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(np.clip(p[rows, labels], 1e-7, 1)).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)

# %% exercise="softmax_cross_entropy" verdict="wrong" says="at each row's own label only"
# its gradient at the logits; grad[:, labels] takes 1 from every row at every label
def softmax_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(len(labels)), labels].mean()
    grad = np.exp(log_p)
    grad[:, labels] -= 1
    return loss, grad / len(labels)

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):  # index notation, new values written into the old arrays
    h = np.einsum("ni,ij->nj", x, w1)
    on = h > 0
    error = (h * on) @ w2 - y
    grad1 = 2 * np.einsum("ni,no,jo,nj->ij", x, error, w2, on, optimize=True)
    grad2 = 2 * np.einsum("nj,no->jo", h * on, error)
    w1[:], w2[:] = w1 - lr * grad1, w2 - lr * grad2
    return np.square(error).sum()

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):  # copies the upstream gradient and zeroes it where h is off
    h_relu = (x @ w1).clip(min=0)
    grad_y_pred = 2.0 * (h_relu @ w2 - y)
    grad_h = grad_y_pred @ w2.T
    grad_h[h_relu == 0] = 0
    np.subtract(w2, lr * (h_relu.T @ grad_y_pred), out=w2)
    np.subtract(w1, lr * (x.T @ grad_h), out=w1)
    return float((grad_y_pred**2).sum() / 4)

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):  # autograd on tensors that share the weights' memory
    t1, t2 = torch.from_numpy(w1).requires_grad_(), torch.from_numpy(w2).requires_grad_()
    loss = (torch.relu(torch.from_numpy(x) @ t1) @ t2 - torch.from_numpy(y)).square().sum()
    loss.backward()
    with torch.no_grad():
        t1 -= lr * t1.grad
        t2 -= lr * t2.grad
    return loss.item()

# %% exercise="train_step" verdict="wrong" says="the weights did not change"
def train_step(x, y, w1, w2, lr):  # np-update-inplace: binds the names anew
    h = x @ w1
    error = np.maximum(h, 0) @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w1 = w1 - lr * x.T @ grad_h
    w2 = w2 - lr * np.maximum(h, 0).T @ (2 * error)
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="the loss after the update"
def train_step(x, y, w1, w2, lr):  # looks again at the end
    h = x @ w1
    error = np.maximum(h, 0) @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w1 -= lr * x.T @ grad_h
    w2 -= lr * np.maximum(h, 0).T @ (2 * error)
    return ((np.maximum(x @ w1, 0) @ w2 - y) ** 2).sum()

# %% exercise="train_step" verdict="wrong" says="the step goes uphill"
def train_step(x, y, w1, w2, lr):  # target minus prediction, and a minus too many
    h = x @ w1
    error = y - np.maximum(h, 0) @ w2
    grad_h = 2 * error @ w2.T * (h > 0)
    w1 -= lr * x.T @ grad_h
    w2 -= lr * np.maximum(h, 0).T @ (2 * error)
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="the step belongs to the mean"
def train_step(x, y, w1, w2, lr):  # np-sse-loss: Keras' mse in the backward pass
    h = x @ w1
    error = np.maximum(h, 0) @ w2 - y
    upstream = 2 * error / error.size
    grad_h = upstream @ w2.T * (h > 0)
    w1 -= lr * x.T @ grad_h
    w2 -= lr * np.maximum(h, 0).T @ upstream
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="half of what it should be"
def train_step(x, y, w1, w2, lr):  # forgets the 2 of the square
    h = x @ w1
    error = np.maximum(h, 0) @ w2 - y
    grad_h = error @ w2.T * (h > 0)
    w1 -= lr * x.T @ grad_h
    w2 -= lr * np.maximum(h, 0).T @ error
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="return the loss alone"
def train_step(x, y, w1, w2, lr):  # hands the weights back as well, in the way of JAX
    h = x @ w1
    error = np.maximum(h, 0) @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w1 -= lr * x.T @ grad_h
    w2 -= lr * np.maximum(h, 0).T @ (2 * error)
    return (error**2).sum(), w1, w2

# %% exercise="train_step" verdict="right"
# the lesson's lines, written into the arrays with -=
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = np.maximum(h, 0)
    error = h_relu @ w2 - y
    grad_w2 = h_relu.T @ (2 * error)
    grad_w1 = x.T @ ((2 * error) @ w2.T * (h > 0))
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return (error**2).sum()

# %% exercise="train_step" verdict="right"
# sample by sample, the new values assigned into the slices
def train_step(x, y, w1, w2, lr):
    grad_w1, grad_w2, loss = np.zeros_like(w1), np.zeros_like(w2), 0.0
    for sample, target in zip(x, y):
        h = sample @ w1
        on = h > 0
        error = (h * on) @ w2 - target
        grad_w2 += np.outer(h * on, 2 * error)
        grad_w1 += np.outer(sample, (w2 @ (2 * error)) * on)
        loss += float(error @ error)
    w1[...] = w1 - lr * grad_w1
    w2[...] = w2 - lr * grad_w2
    return loss

# %% exercise="train_step" verdict="right"
# autograd on copies, np.copyto into the caller's arrays
def train_step(x, y, w1, w2, lr):
    tx, ty = torch.tensor(x.copy()), torch.tensor(y.copy())
    t1, t2 = (torch.tensor(w.copy(), requires_grad=True) for w in (w1, w2))
    loss = ((torch.relu(tx @ t1) @ t2 - ty) ** 2).sum()
    loss.backward()
    for w, t in ((w1, t1), (w2, t2)):
        np.copyto(w, w - lr * t.grad.numpy())
    return loss.item()

# %% exercise="train_step" verdict="wrong" says="a copy in another dtype was updated"
# changes the arrays in place; asarray with float64 copies float32 weights, and the copy is updated
def train_step(x, y, w1, w2, lr):
    x, y, w1, w2 = (np.asarray(a, dtype=np.float64) for a in (x, y, w1, w2))
    h = x @ w1
    h_relu = np.maximum(h, 0)
    error = h_relu @ w2 - y
    grad_w2 = h_relu.T @ (2 * error)
    grad_w1 = x.T @ (2 * error @ w2.T * (h > 0))
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return float((error**2).sum())

# %% exercise="train_step" verdict="wrong" says="mask with h > 0, not h >= 0"
# gradient descent for the lesson's net; at exactly 0 the lesson's ReLU has gradient 0, h >= 0 lets it pass
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = np.maximum(h, 0)
    error = h_relu @ w2 - y
    grad_w2 = h_relu.T @ (2 * error)
    grad_w1 = x.T @ (2 * error @ w2.T * (h >= 0))
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="w1 saw the new w2"
# one step of gradient descent; w2 is lowered before the gradient of w1 is taken through it
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = np.maximum(h, 0)
    error = h_relu @ w2 - y
    w2 -= lr * h_relu.T @ (2 * error)
    w1 -= lr * x.T @ (2 * error @ w2.T * (h > 0))
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="the ReLU mask is missing"
# one step for the lesson's net; ReLU in place leaves h without negatives, so a mask of h < 0 masks nothing
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = np.maximum(h, 0, out=h)
    error = h_relu @ w2 - y
    grad_w2 = h_relu.T @ (2 * error)
    grad_h = 2 * error @ w2.T
    grad_h[h < 0] = 0
    w1 -= lr * x.T @ grad_h
    w2 -= lr * grad_w2
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="the summed squared error before the step"
# sum of squared errors; the loss is Keras' mean though the steps are those of the sum
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = np.maximum(h, 0)
    error = h_relu @ w2 - y
    grad_w2 = h_relu.T @ (2 * error)
    grad_w1 = x.T @ (2 * error @ w2.T * (h > 0))
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return np.square(error).mean(axis=-1).sum()

# %% exercise="mlp_grads" verdict="right"
def mlp_grads(x, y, weights):  # each layer is a call that returns the gradient at its input
    def layers(a, rest):
        out = a @ rest[0]
        if len(rest) == 1:
            upstream, above = 2 * (out - y), []
        else:
            upstream, above = layers(out.clip(min=0), rest[1:])
            upstream = upstream * (out > 0)
        return upstream @ rest[0].T, [a.T @ upstream, *above]

    return layers(x, weights)[1]

# %% exercise="mlp_grads" verdict="right"
def mlp_grads(x, y, weights):  # closures pushed on the way up, popped on the way down
    tape, a = [], x
    for i, w in enumerate(weights):
        h = a @ w
        on = np.ones_like(h) if i == len(weights) - 1 else (h > 0).astype(h.dtype)
        tape.append(lambda g, a=a, w=w, on=on: (a.T @ (g * on), (g * on) @ w.T))
        a = h * on
    upstream, grads = 2 * (a - y), [None] * len(weights)
    while tape:
        grads[len(tape)], upstream = tape.pop()(upstream)
    return grads

# %% exercise="mlp_grads" verdict="right"
def mlp_grads(x, y, weights):  # autograd
    leaves = [torch.tensor(w, requires_grad=True) for w in weights]
    out = torch.tensor(x)
    for w in leaves[:-1]:
        out = torch.relu(out @ w)
    loss = (out @ leaves[-1] - torch.tensor(y)).square().sum()
    return [g.numpy() for g in torch.autograd.grad(loss, leaves)]

# %% exercise="mlp_grads" verdict="wrong" says="the list is back to front"
def mlp_grads(x, y, weights):  # in the order in which they were found
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = 2 * (inputs[-1] @ weights[-1] - y), []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.append(a.T @ upstream)
        upstream = upstream @ w.T * (a > 0)
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="as if it were not there"
def mlp_grads(x, y, weights):  # np-relu-mask: no mask on the way back
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = 2 * (inputs[-1] @ weights[-1] - y), []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.insert(0, a.T @ upstream)
        upstream = upstream @ w.T
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="the mask is one layer off"
def mlp_grads(x, y, weights):  # masks by the ReLU below
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = 2 * (inputs[-1] @ weights[-1] - y), []
    for i in range(len(weights) - 1, -1, -1):
        grads.insert(0, inputs[i].T @ upstream)
        upstream = upstream @ weights[i].T * (inputs[i - 1] > 0)
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="its layer's input is the ReLU output"
def mlp_grads(x, y, weights):  # np-chain-rule-order: multiplies by the pre-activation
    inputs, a = [x], x
    for w in weights[:-1]:
        inputs.append(a @ w)
        a = np.maximum(inputs[-1], 0)
    upstream, grads = 2 * (a @ weights[-1] - y), []
    for h, w in zip(inputs[::-1], weights[::-1]):
        grads.insert(0, h.T @ upstream)
        upstream = upstream @ w.T * (h > 0)
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="half of the gradient"
def mlp_grads(x, y, weights):  # forgets the 2 of the square
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = inputs[-1] @ weights[-1] - y, []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.insert(0, a.T @ upstream)
        upstream = upstream @ w.T * (a > 0)
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="skipped the upper mask"
def mlp_grads(x, y, weights):  # masks for the weight's gradient, then hands on what was not masked
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = 2 * (inputs[-1] @ weights[-1] - y), []
    mask = np.ones_like(upstream)
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.insert(0, a.T @ (upstream * mask))
        upstream, mask = upstream @ w.T, a > 0
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="a weight was overwritten"
def mlp_grads(x, y, weights):  # np-update-inplace: trains while it differentiates
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    upstream, grads = 2 * (inputs[-1] @ weights[-1] - y), []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.insert(0, a.T @ upstream)
        upstream = upstream @ w.T * (a > 0)
        w -= 1e-6 * grads[0]
    return grads

# %% exercise="mlp_grads" verdict="equivalent" because="a comes out of a ReLU and is never negative, so != 0 and > 0 agree; the mask made from x in the last round is not used"
upstream = upstream @ w.T * (a != 0)

# %% exercise="mlp_grads" verdict="right"
# forward list, backward loop that inserts at the front
def mlp_grads(x, y, weights):
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    up = 2 * (inputs[-1] @ weights[-1] - y)
    grads = []
    for i in range(len(weights) - 1, -1, -1):
        grads.insert(0, inputs[i].T @ up)
        if i:
            up = (up @ weights[i].T) * (inputs[i] > 0)
    return grads

# %% exercise="mlp_grads" verdict="right"
# recursion: each call returns the gradient at its input and the gradients above
def mlp_grads(x, y, weights):
    def walk(a, rest):
        w, *others = rest
        out = a @ w
        if not others:
            up, above = 2 * (out - y), []
        else:
            up, above = walk(np.maximum(out, 0), others)
            up = up * (out > 0)
        return up @ w.T, [a.T @ up] + above

    return walk(x, list(weights))[1]

# %% exercise="mlp_grads" verdict="right"
# closures kept on a tape of one's own
def mlp_grads(x, y, weights):
    tape, grads, a = [], [None] * len(weights), x

    def dense(i, a):
        def back(up):
            grads[i] = a.T @ up
            return up @ weights[i].T
        tape.append(back)
        return a @ weights[i]

    def relu(h):
        tape.append(lambda up: np.where(h > 0, up, np.zeros_like(up)))
        return np.where(h > 0, h, np.zeros_like(h))

    for i in range(len(weights)):
        a = dense(i, relu(a) if i else a)
    up = 2 * (a - y)
    for back in reversed(tape):
        up = back(up)
    return grads

# %% exercise="mlp_grads" verdict="wrong" says="the caller's list of weights was emptied"
# the inputs stay as they are; pop empties the caller's list
def mlp_grads(x, y, weights):
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    up = 2 * (inputs[-1] @ weights[-1] - y)
    grads = []
    while weights:
        w, a = weights.pop(), inputs.pop()
        grads.append(a.T @ up)
        up = (up @ w.T) * (a > 0)
    return grads[::-1]

# %% exercise="mlp_grads" verdict="wrong" says="each gradient of float32 weights: expected float32"
# each with its weight's dtype; the mask as float makes float32 gradients float64
def mlp_grads(x, y, weights):
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    up = 2 * (inputs[-1] @ weights[-1] - y)
    grads = []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.append(a.T @ up)
        up = (up @ w.T) * (a > 0).astype(float)
    return grads[::-1]

# %% exercise="mlp_grads" verdict="wrong" says="no ReLU follows the last layer"
# a single weight is a linear model; the first layer always gets a ReLU
def mlp_grads(x, y, weights):
    first, *others = weights
    inputs = [x, np.maximum(x @ first, 0)]
    for w in others[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    out = inputs[-1] @ others[-1] if others else inputs.pop()
    up = 2 * (out - y)
    if not others:
        up = up * (out > 0)
    grads = []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.append(a.T @ up)
        up = (up @ w.T) * (a > 0)
    return grads[::-1]

# %% exercise="mlp_grads" verdict="wrong" says="x or y was overwritten"
# the inputs stay as they are; y -= ... writes the error into the caller's targets
def mlp_grads(x, y, weights):
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ w, 0))
    y -= inputs[-1] @ weights[-1]
    up = -2 * y
    grads = []
    for a, w in zip(inputs[::-1], weights[::-1]):
        grads.append(a.T @ up)
        up = (up @ w.T) * (a > 0)
    return grads[::-1]

# %% exercise="mlp_grads" verdict="wrong" says="the first gradient is wrong though"
# the gradients; every mask is taken from the last hidden layer, seen only where depths or widths differ
def mlp_grads(x, y, weights):
    inputs = [x]
    for w in weights[:-1]:
        h = inputs[-1] @ w
        inputs.append(np.maximum(h, 0))
    up = 2 * (inputs[-1] @ weights[-1] - y)
    grads = []
    for i in reversed(range(len(weights))):
        grads.append(inputs[i].T @ up)
        if i:
            up = (up @ weights[i].T) * (h > 0)
    return grads[::-1]

# %% exercise="mlp_grads" verdict="wrong" says="divided by 20, the batch size"
# the loss is the summed squared error; divided by the batch size, as Keras does
def mlp_grads(x, y, weights):
    acts = [x]
    for w in weights[:-1]:
        acts.append(np.maximum(acts[-1] @ w, 0))
    up, grads = 2 * (acts[-1] @ weights[-1] - y) / len(x), []
    for a, w in zip(acts[::-1], weights[::-1]):
        grads.append(a.T @ up)
        up = (up @ w.T) * (a > 0)
    return grads[::-1]

# %% exercise="dense_grads" verdict="wrong" says="grad_b, stands last"
# the tuple (grad_x, grad_w, grad_b); w first
def dense_grads(x, w, upstream):
    return x.T @ upstream, upstream.sum(axis=0), upstream @ w.T

# %% exercise="numeric_grad" verdict="wrong" says="wrong for three axes"
# any shape with one axis or more; only rows and columns are walked over
def numeric_grad(f, w, eps):
    grad = np.zeros(w.shape)
    rows, columns = w.shape[0], w.shape[-1]
    if w.ndim == 1:
        for i in range(rows):
            up, down = w.copy(), w.copy()
            up[i] += eps
            down[i] -= eps
            grad[i] = (f(up) - f(down)) / (2 * eps)
        return grad
    for i in range(rows):
        for j in range(columns):
            up, down = w.copy(), w.copy()
            up[i, ..., j] += eps
            down[i, ..., j] -= eps
            grad[i, ..., j] = (f(up) - f(down)) / (2 * eps)
    return grad
