# %% exercise="own_tensor" verdict="right"
def own_tensor(array, device):      # NumPy copies and converts, the tensor takes over the copy
    return torch.from_numpy(np.array(array, dtype=np.float32)).to(device)

# %% exercise="own_tensor" verdict="right"
def own_tensor(array, device):      # .to with copy=True never hands the same memory back
    return torch.as_tensor(array).to(device, torch.float32, copy=True)

# %% exercise="own_tensor" verdict="right"
def own_tensor(array, device):      # reserve first, fill after
    room = torch.empty(array.shape, dtype=torch.float32, device=device)
    room.copy_(torch.as_tensor(array))
    return room

# %% exercise="own_tensor" verdict="right"
def own_tensor(array, device):      # through Python's lists
    return torch.tensor(array.tolist(), device=device).float()

# %% exercise="own_tensor" verdict="wrong" says="the tensor changed with the array"
def own_tensor(array, device):      # trap shared-with-numpy: .float() copies only where the dtype differs
    return torch.from_numpy(array).float().to(device)

# %% exercise="own_tensor" verdict="wrong" says="float64 came along"
def own_tensor(array, device):      # trap float64-creeps-in: tf.constant keeps float64 too
    return torch.tensor(array, device=device)

# %% exercise="own_tensor" verdict="wrong" says="whole numbers stayed"
def own_tensor(array, device):      # lists of floats become float32, lists of whole numbers do not
    return torch.tensor(array.tolist(), device=device)

# %% exercise="own_tensor" verdict="wrong" says="plain tensor, not a Parameter"
def own_tensor(array, device):      # concept variable-vs-constant: reaches for the counterpart of tf.Variable
    return torch.nn.Parameter(torch.tensor(array, dtype=torch.float32, device=device))

# %% exercise="own_tensor" verdict="wrong" says="the values differ from"
def own_tensor(array, device):      # trap capital-tensor: torch.Tensor with sizes reserves, it does not fill
    return torch.Tensor(*array.shape).fill_(float(array.flat[0])).to(device)

# %% exercise="own_tensor" verdict="wrong" says="made on the device asked for"
def own_tensor(array, device):      # concept device-arg: TensorFlow would have placed it
    return torch.tensor(array, dtype=torch.float32)

# %% exercise="row_stats" verdict="right"
def row_stats(scores):      # one function each, the spread by its definition
    centred = scores - scores.mean(dim=-1, keepdim=True)
    return scores.amax(dim=-1), scores.argmax(dim=-1), centred.square().mean(dim=-1).sqrt()

# %% exercise="row_stats" verdict="right"
def row_stats(scores):      # NumPy's names, and the older spelling of correction=0
    return torch.amax(scores, axis=-1), torch.argmax(scores, axis=-1), torch.std(scores, axis=-1, unbiased=False)

# %% exercise="row_stats" verdict="right"
def row_stats(scores):      # sorted: the largest comes first
    values, places = scores.sort(dim=-1, descending=True)
    spread = torch.var(scores, dim=-1, correction=0) ** 0.5
    return values[..., 0], places[..., 0], spread

# %% exercise="row_stats" verdict="right"
def row_stats(scores):      # topk keeps the axis, so take it away
    top = scores.topk(1, dim=-1)
    spread, _ = torch.std_mean(scores, dim=-1, correction=0)
    return top.values.squeeze(-1), top.indices.squeeze(-1), spread

# %% exercise="row_stats" verdict="wrong" says="divides by n - 1"
def row_stats(scores):      # concept numpy-drop-in-limits: std's default differs from TensorFlow's
    best, where = scores.max(dim=-1)
    return best, where, scores.std(dim=-1)

# %% exercise="row_stats" verdict="wrong" says="but a pair: max"
def row_stats(scores):      # trap max-is-a-pair: takes max(dim=) for tf.reduce_max
    return scores.max(dim=-1), scores.argmax(dim=-1), scores.std(dim=-1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="that is the variance"
def row_stats(scores):      # forgets the root
    return scores.amax(-1), scores.argmax(-1), scores.var(dim=-1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="one index per row"
def row_stats(scores):      # argmax without an axis: TensorFlow's default is axis 0, PyTorch's the whole tensor
    return scores.amax(-1), scores.argmax(), scores.std(dim=-1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="axes of size 1 are left over"
def row_stats(scores):      # topk as a maximum, its axis left standing
    best, where = scores.topk(1)
    return best, where, scores.std(dim=-1, correction=0, keepdim=True)

# %% exercise="row_stats" verdict="wrong" says="one value per row of the (2, 3)"
def row_stats(scores):      # the wrong axis
    best, where = scores.max(dim=0)
    return best, where, scores.std(dim=0, correction=0)

# %% exercise="row_stats" verdict="wrong" says="the second is the index"
def row_stats(scores):      # the pair taken apart in the wrong order
    where, best = scores.max(dim=-1)
    return best, where, scores.std(dim=-1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="it is the last axis that goes"
def row_stats(scores):      # axis 1 is the last one only for a matrix
    best, where = scores.max(dim=1)
    return best, where, scores.std(dim=1, correction=0)

# %% exercise="to_model_input" verdict="right"
def to_model_input(images, device):     # turn in NumPy, convert after
    turned = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)
    return torch.from_numpy(turned / np.float32(255)).to(device)

# %% exercise="to_model_input" verdict="right"
def to_model_input(images, device):     # two swaps of axes make one permutation
    pixels = torch.as_tensor(images).to(device, torch.float32)
    return pixels.transpose(2, 3).transpose(1, 2).div(255).contiguous()

# %% exercise="to_model_input" verdict="right"
def to_model_input(images, device):     # channel by channel
    pixels = torch.as_tensor(images, device=device)
    return torch.stack([pixels[..., channel] / 255.0 for channel in range(pixels.shape[3])], dim=1)

# %% exercise="to_model_input" verdict="right"
def to_model_input(images, device):     # the axes by letter
    pixels = torch.as_tensor(images, device=device).float()
    return torch.einsum("nhwc->nchw", pixels).clone(memory_format=torch.contiguous_format).div_(255)

# %% exercise="to_model_input" verdict="wrong" says="pixels are scrambled"
def to_model_input(images, device):     # trap reshape-is-not-permute
    n, h, w, c = images.shape
    return torch.tensor(images, device=device).reshape(n, c, h, w) / 255

# %% exercise="to_model_input" verdict="wrong" says="still counted to 255"
def to_model_input(images, device):     # believes that .float() scales, as tf.image.convert_image_dtype does
    return torch.tensor(images, device=device).permute(0, 3, 1, 2).float().contiguous()

# %% exercise="to_model_input" verdict="wrong" says="height and width are swapped"
def to_model_input(images, device):     # one transpose for two
    return torch.tensor(images, device=device).transpose(1, 3).contiguous() / 255

# %% exercise="to_model_input" verdict="wrong" says="not contiguous: permute only"
def to_model_input(images, device):     # concept contiguous: the axes are relabelled, the data lies as before
    return torch.tensor(images, device=device).permute(0, 3, 1, 2) / 255

# %% exercise="to_model_input" verdict="wrong" says="as the weights of a model are"
def to_model_input(images, device):     # trap float64-creeps-in: NumPy divides in float64
    return torch.tensor(images / 255, device=device).permute(0, 3, 1, 2).contiguous()

# %% exercise="to_model_input" verdict="wrong" says="(N, C, H, W) = (2, 3, 4, 5), got (2, 4, 5, 3)"
def to_model_input(images, device):     # leaves channels last, as Keras wants them
    return torch.tensor(images, device=device) / 255

# %% exercise="to_model_input" verdict="wrong" says="a whole-number division"
def to_model_input(images, device):     # concept dtype-promotion: scales while the pixels are still whole numbers
    return torch.tensor(images // 255, device=device).permute(0, 3, 1, 2).float().contiguous()

# %% exercise="to_model_input" verdict="wrong" says="whatever the brightest pixel is"
def to_model_input(images, device):     # scales by the brightest pixel of this batch
    pixels = torch.tensor(images, device=device).permute(0, 3, 1, 2).contiguous()
    return pixels / pixels.max()

# %% exercise="to_model_input" verdict="wrong" says="the batch must be made on"
def to_model_input(images, device):     # concept device-arg: forgets it
    return torch.tensor(images).permute(0, 3, 1, 2).contiguous() / 255

# %% exercise="safe_mse" verdict="right"
def safe_mse(pred, target):     # the library's loss, behind a guard
    if tuple(pred.shape) != tuple(target.shape):
        raise ValueError(f"shapes differ: {tuple(pred.shape)} and {tuple(target.shape)}")
    return torch.nn.functional.mse_loss(pred, target)

# %% exercise="safe_mse" verdict="right"
def safe_mse(pred, target):     # sum over count
    same = pred.shape == target.shape
    if same:
        error = (pred - target).flatten()
        return error @ error / error.numel()
    shapes = " and ".join(str(tuple(t.shape)) for t in (pred, target))
    raise ValueError(f"expected one shape, got {shapes}")

# %% exercise="safe_mse" verdict="right"
def safe_mse(pred, target):     # lists of sizes; pow and mean as methods
    sizes = [list(pred.size()), list(target.size())]
    if sizes[0] == sizes[1]:
        return torch.mean(torch.pow(torch.sub(pred, target), 2))
    raise ValueError("cannot compare %s with %s" % (tuple(sizes[0]).__repr__(), tuple(sizes[1]).__repr__()))

# %% exercise="safe_mse" verdict="wrong" says="were broadcast against each other"
def safe_mse(pred, target):     # trap column-minus-flat: trusts the shapes, as one may with Keras
    return ((pred - target) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="were squeezed into agreement"
def safe_mse(pred, target):     # does what Keras does
    return ((pred.flatten() - target.flatten()) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="compare the whole shape"
def safe_mse(pred, target):     # compares the number of axes only
    if pred.ndim != target.ndim:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    return (pred - target).square().mean()

# %% exercise="safe_mse" verdict="wrong" says="refuse with a ValueError"
def safe_mse(pred, target):     # an assert stops the caller too, but with another error
    assert pred.shape == target.shape, f"{tuple(pred.shape)} and {tuple(target.shape)}"
    return ((pred - target) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="not their mean"
def safe_mse(pred, target):     # takes the course's loss, a sum
    if pred.shape != target.shape:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    return ((pred - target) ** 2).sum()

# %% exercise="safe_mse" verdict="wrong" says="no gradient can flow through a number"
def safe_mse(pred, target):     # concept item-tolist: returns what one would log
    if pred.shape != target.shape:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    return ((pred - target) ** 2).mean().item()

# %% exercise="safe_mse" verdict="wrong" says="no gradient reaches pred"
def safe_mse(pred, target):     # concept numpy-interop-limits: detaches because .numpy() asked for it
    if pred.shape != target.shape:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    error = pred.detach() - target.detach()
    return (error * error).mean()

# %% exercise="safe_mse" verdict="wrong" says="the error names both shapes"
def safe_mse(pred, target):     # an error that leaves the reader guessing
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="(1,) and () passed"
def safe_mse(pred, target):     # lets a target of one number through, thinking of (N, 1) and (N,) only
    if target.ndim and pred.shape != target.shape:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    return ((pred - target) ** 2).mean()

# %% exercise="keras_flatten" verdict="right"
def keras_flatten(maps):        # move the channels to the end, one row per sample
    return torch.movedim(maps, 1, -1).reshape(len(maps), -1)

# %% exercise="keras_flatten" verdict="right"
def keras_flatten(maps):        # lay the data out first, then a view is allowed
    n, c, h, w = maps.shape
    last = maps.permute(0, 2, 3, 1).contiguous()
    return last.view(n, h * w * c)

# %% exercise="keras_flatten" verdict="right"
def keras_flatten(maps):        # pixels first, then a matrix transpose
    return torch.flatten(maps.flatten(2).mT, start_dim=1)

# %% exercise="keras_flatten" verdict="right"
def keras_flatten(maps):        # pixel by pixel
    rows, columns = maps.shape[2:]
    return torch.cat([maps[:, :, row, column] for row in range(rows) for column in range(columns)], dim=1)

# %% exercise="keras_flatten" verdict="wrong" says="this is PyTorch's order"
def keras_flatten(maps):        # concept view-flatten: right in PyTorch, but not what the Keras weights expect
    return maps.flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="this goes down the columns"
def keras_flatten(maps):        # swaps C and W and believes that to be channels last
    return maps.transpose(1, 3).flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="the batch axis is gone"
def keras_flatten(maps):        # flatten without the axis to begin at
    return maps.permute(0, 2, 3, 1).flatten()

# %% exercise="keras_flatten" verdict="wrong" says="the batch changed its size"
def keras_flatten(maps):        # trap view-with-a-wrong-size: the size of the first maps, written as a constant
    return maps.permute(0, 2, 3, 1).reshape(-1, 12)

# %% exercise="keras_flatten" verdict="wrong" says="expected two axes"
def keras_flatten(maps):        # begins one axis too late
    return maps.permute(0, 2, 3, 1).flatten(2)

# %% exercise="keras_flatten" verdict="wrong" says="Keras gives [0.0, 6.0"
def keras_flatten(maps):        # the permutation of the other direction
    return maps.permute(0, 3, 1, 2).flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="no gradient reaches the maps"
def keras_flatten(maps):        # concept numpy-interop-limits: takes the way through NumPy
    array = maps.detach().cpu().numpy().transpose(0, 2, 3, 1)
    return torch.tensor(array.reshape(len(array), -1), device=maps.device)

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # both stretched by hand, the sum of products by letter
    difference = a.unsqueeze(1).expand(-1, len(b), -1) - b.unsqueeze(0)
    return torch.einsum("nmd,nmd->nm", difference, difference)

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # one column of the table at a time
    return torch.stack([(a - point).square().sum(1) for point in b], dim=1)

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # one coordinate at a time: an outer difference for each
    table = a.new_zeros(len(a), len(b))
    for x, y in zip(a.T, b.T):
        table = table + (x[:, None] - y[None, :]).pow(2)
    return table

# %% exercise="pairwise_sq_dist" verdict="wrong" says="only matching rows were compared"
def pairwise_sq_dist(a, b):     # concept broadcasting-rule: equal sizes match, so nothing is stretched
    return ((a - b) ** 2).sum(dim=-1)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="far from the origin digits"
def pairwise_sq_dist(a, b):     # the expansion known from TensorFlow code: fast, but it cancels
    return (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T

# %% exercise="pairwise_sq_dist" verdict="wrong" says="the distances, not their squares"
def pairwise_sq_dist(a, b):     # the library function as it is
    return torch.cdist(a, b)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="the table is transposed"
def pairwise_sq_dist(a, b):     # the new axis in the wrong operand
    return ((a - b[:, None]) ** 2).sum(dim=-1)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="got (3, 2): D = 2"
def pairwise_sq_dist(a, b):     # sums over the points of a
    return ((a[:, None] - b) ** 2).sum(dim=0)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="over D, not averaged"
def pairwise_sq_dist(a, b):     # a mean, as in a loss
    return ((a[:, None] - b) ** 2).mean(dim=-1)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="no gradient reaches the points"
def pairwise_sq_dist(a, b):     # concept item-tolist: a table of Python numbers
    table = [[(p - q).square().sum().item() for q in b] for p in a]
    return torch.tensor(table, dtype=a.dtype, device=a.device).reshape(len(a), len(b))

# %% exercise="overlaps" verdict="right"
def overlaps(t, u):         # NumPy solves it exactly for memory on the CPU
    return np.shares_memory(t.detach().numpy(), u.detach().numpy())

# %% exercise="overlaps" verdict="right"
import itertools


def overlaps(t, u):         # one address per index, as sets
    def addresses(x):
        indices = itertools.product(*map(range, x.shape))
        return {x.data_ptr() + x.element_size() * sum(i * s for i, s in zip(index, x.stride())) for index in indices}

    return not addresses(t).isdisjoint(addresses(u))

# %% exercise="overlaps" verdict="right"
def overlaps(t, u):         # grows the list of addresses axis by axis
    seen = []
    for x in (t, u):
        places = [x.data_ptr()]
        for size, stride in zip(x.shape, x.stride()):
            places = [place + i * stride * x.element_size() for place in places for i in range(size)]
        seen.append(set(places))
    return len(seen[0] & seen[1]) > 0

# %% exercise="overlaps" verdict="wrong" says="comparing first addresses is not"
def overlaps(t, u):         # concept contiguous: data_ptr() is where a tensor starts, not where it lies
    return t.data_ptr() == u.data_ptr()

# %% exercise="overlaps" verdict="wrong" says="one storage is not enough"
def overlaps(t, u):         # concept view-shares: one storage, but which part of it?
    return t.untyped_storage().data_ptr() == u.untyped_storage().data_ptr()

# %% exercise="overlaps" verdict="wrong" says="two objects, but one memory"
def overlaps(t, u):         # asks Python whether it is one object
    return t is u

# %% exercise="overlaps" verdict="wrong" says="equal values in a copy"
def overlaps(t, u):         # compares values, as one would in TensorFlow
    return bool((t.reshape(-1, 1) == u.reshape(1, -1)).any())

# %% exercise="overlaps" verdict="wrong" says="interleaved columns cover one range"
def overlaps(t, u):         # from the first to the last address, forgetting the gaps
    def span(x):
        length = sum((size - 1) * stride for size, stride in zip(x.shape, x.stride()))
        return x.data_ptr(), x.data_ptr() + length * x.element_size()

    (t_first, t_last), (u_first, u_last) = span(t), span(u)
    return t_first <= u_last and u_first <= t_last

# %% exercise="overlaps" verdict="wrong" says="two unrelated tensors were called"
def overlaps(t, u):         # _base is None for every tensor that is not a view
    def root(x):
        return x._base

    return root(t) is root(u)

# %% exercise="overlaps" verdict="wrong" says="the caller's tensor was changed"
def overlaps(t, u):         # writes to find out, and leaves it written
    before = u.clone()
    t += 1
    return not u.equal(before)

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):       # the words of the lesson: mm, clamp, pow, sub_
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    pred = h_relu.mm(w2)
    grad_pred = (pred - y).mul(2)
    grad_h = grad_pred.mm(w2.t())
    grad_h[h <= 0] = 0
    w1.sub_(x.t().mm(grad_h), alpha=lr)
    w2.sub_(h_relu.t().mm(grad_pred), alpha=lr)
    return (pred - y).pow(2).sum().item()

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):       # one sample at a time, gradients collected, weights written at the end
    loss, grad1, grad2 = 0.0, torch.zeros_like(w1), torch.zeros_like(w2)
    for sample, target in zip(x, y):
        active = (sample @ w1).relu()
        error = active @ w2 - target
        loss += error.dot(error).item()
        grad2 += torch.outer(active, 2 * error)
        grad1 += torch.outer(sample, (w2 @ (2 * error)) * active.sign())
    w1.copy_(w1 - lr * grad1)
    w2.copy_(w2 - lr * grad2)
    return loss

# %% exercise="train_step" verdict="right"
def train_step(x, y, w1, w2, lr):       # looks ahead to lesson 03 and lets autograd derive
    own = [w.clone().requires_grad_() for w in (w1, w2)]
    loss = ((torch.relu(x @ own[0]) @ own[1] - y) ** 2).sum()
    for w, grad in zip((w1, w2), torch.autograd.grad(loss, own)):
        w[:] = w - lr * grad
    return float(loss.detach())

# %% exercise="train_step" verdict="wrong" says="the caller's weights did not move"
def train_step(x, y, w1, w2, lr):       # np-update-inplace: the names are bound anew, the caller sees nothing
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 = w2 - lr * h.relu().T @ (2 * error)
    w1 = w1 - lr * x.T @ grad_h
    return (error**2).sum().item()

# %% exercise="train_step" verdict="wrong" says="w1 used the w2 that was already lowered"
def train_step(x, y, w1, w2, lr):       # in place too early: TensorFlow's tape would have kept the old value
    h = x @ w1
    error = h.relu() @ w2 - y
    w2 -= lr * h.relu().T @ (2 * error)
    w1 -= lr * x.T @ (2 * error @ w2.T * (h > 0))
    return (error**2).sum().item()

# %% exercise="train_step" verdict="wrong" says="the ReLU mask is missing"
def train_step(x, y, w1, w2, lr):       # np-relu-mask: the mask from a tensor that clamp_ has already overwritten
    h = x @ w1
    error = h.clamp_(min=0) @ w2 - y
    grad_h = 2 * error @ w2.T * (h >= 0)
    w2 -= lr * h.T @ (2 * error)
    w1 -= lr * x.T @ grad_h
    return (error**2).sum().item()

# %% exercise="train_step" verdict="wrong" says="half a gradient: the derivative"
def train_step(x, y, w1, w2, lr):       # forgets the 2 of the square
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = error @ w2.T * (h > 0)
    w2 -= lr * h.relu().T @ error
    w1 -= lr * x.T @ grad_h
    return (error**2).sum().item()

# %% exercise="train_step" verdict="wrong" says="is the loss after the step"
def train_step(x, y, w1, w2, lr):       # computes the loss again at the end
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 -= lr * h.relu().T @ (2 * error)
    w1 -= lr * x.T @ grad_h
    return ((torch.relu(x @ w1) @ w2 - y) ** 2).sum().item()

# %% exercise="train_step" verdict="wrong" says="the loss as a Python number, got Tensor"
def train_step(x, y, w1, w2, lr):       # concept item-tolist: returns the tensor
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 -= lr * h.relu().T @ (2 * error)
    w1 -= lr * x.T @ grad_h
    return (error**2).sum()

# %% exercise="train_step" verdict="wrong" says="4 is the mean of the squared errors"
def train_step(x, y, w1, w2, lr):       # np-sse-loss: reports what Keras would report
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 -= lr * h.relu().T @ (2 * error)
    w1 -= lr * x.T @ grad_h
    return error.square().mean().item()

# %% exercise="train_step" verdict="wrong" says="w2 went uphill"
def train_step(x, y, w1, w2, lr):       # assign_add for assign_sub
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 += lr * h.relu().T @ (2 * error)
    w1 += lr * x.T @ grad_h
    return (error**2).sum().item()
