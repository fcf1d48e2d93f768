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
# NumPy makes the float32 copy, from_numpy shares only with that copy
def own_tensor(array, device):
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C")).to(device)

# %% exercise="own_tensor" verdict="right"
# room made first, values copied into it
def own_tensor(array, device):
    room = torch.empty(array.shape, dtype=torch.float32, device=device)
    return room.copy_(torch.from_numpy(array.copy()))

# %% exercise="own_tensor" verdict="right"
# torch.tensor always copies; the array is laid out in order first, should its strides be negative
def own_tensor(array, device):
    return torch.tensor(np.ascontiguousarray(array).reshape(array.shape), dtype=torch.float32, device=device)

# %% exercise="own_tensor" verdict="wrong" says="float64 came along"
def own_tensor(array, device):      # trap float64-creeps-in: tf.constant keeps float64 too
    return torch.tensor(array, device=device)

# %% exercise="own_tensor" verdict="wrong" says="tensor of whole numbers"
def own_tensor(array, device):      # lists of floats become float32, lists of whole numbers do not
    return torch.tensor(array.tolist(), device=device)

# %% exercise="own_tensor" verdict="wrong" says="plain tensor, not a Parameter"
def own_tensor(array, device):      # concept variable-vs-constant: reaches for the counterpart of tf.Variable
    return torch.nn.Parameter(torch.tensor(array, dtype=torch.float32, device=device))

# %% exercise="own_tensor" verdict="wrong" says="the values differ from"
def own_tensor(array, device):      # trap capital-tensor: torch.Tensor with sizes reserves, it does not fill
    return torch.Tensor(*array.shape).fill_(float(array.flat[0])).to(device)

# %% exercise="own_tensor" verdict="wrong" says="the tensor changed with the array"
# shares no memory with the array; as_tensor copies only where dtype or device differ
def own_tensor(array, device):
    return torch.as_tensor(array, dtype=torch.float32, device=device)

# %% exercise="own_tensor" verdict="wrong" says="expected it on device meta"
# on device; made on the CPU and left there
def own_tensor(array, device):
    return torch.tensor(array, dtype=torch.float32)

# %% exercise="own_tensor" verdict="wrong" says="empty array of shape ("
# any shape; nested lists lose the shape of an array with no rows, (0, 3) becomes (0,)
def own_tensor(array, device):
    return torch.tensor(array.tolist(), dtype=torch.float32, device=device)

# %% exercise="own_tensor" verdict="wrong" says="conversion, so memory was shared"
# shares no memory with the array, any shape; torch.Tensor shares a float32 array and takes a 0-d one for something
# else
def own_tensor(array, device):
    return torch.Tensor(array).to(device)

# %% exercise="own_tensor" verdict="wrong" says="must stay one, got tensor("
# any shape; np.atleast_1d turns a 0-d array into one axis
def own_tensor(array, device):
    values = np.atleast_1d(array).astype(np.float32)
    return torch.from_numpy(values).to(device)

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

# %% exercise="row_stats" verdict="right"
# amax, argmax, std with correction 0
def row_stats(scores):
    return scores.amax(dim=-1), scores.argmax(dim=-1), scores.std(dim=-1, correction=0)

# %% exercise="row_stats" verdict="right"
# max as a pair, the spread from the mean by hand
def row_stats(scores):
    best, where = torch.max(scores, dim=-1)
    centred = scores - scores.mean(dim=-1, keepdim=True)
    return best, where, centred.square().mean(dim=-1).sqrt()

# %% exercise="row_stats" verdict="right"
# gather at the argmax, var_mean without correction
def row_stats(scores):
    where = scores.argmax(-1)
    best = scores.gather(-1, where.unsqueeze(-1)).squeeze(-1)
    variance, _ = torch.var_mean(scores, dim=-1, correction=0)
    return best, where, variance**0.5

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
# any number of axes; dim=1 is the last axis only of a matrix
def row_stats(scores):
    best, where = scores.max(dim=1)
    return best, where, scores.std(dim=1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="gradient flows through the spread"
# gradients flow through the third; NumPy's std leaves the graph
def row_stats(scores):
    best, where = scores.max(dim=-1)
    spread = np.std(scores.numpy(force=True), axis=-1)
    return best, where, torch.as_tensor(spread, device=scores.device)

# %% exercise="row_stats" verdict="wrong" says="divides by n - 1"
# the same three tensors as TensorFlow; std divides by n - 1
def row_stats(scores):
    best, where = scores.max(dim=-1)
    return best, where, scores.std(dim=-1)

# %% exercise="row_stats" verdict="wrong" says="wanted for each of the"
# the index along the last axis for any number of axes; nonzero lists every tie and drops the shape
def row_stats(scores):
    best = scores.amax(dim=-1)
    where = (scores == best.unsqueeze(-1)).nonzero()[:, -1]
    return best, where, scores.std(dim=-1, correction=0)

# %% exercise="row_stats" verdict="wrong" says="flows through the largest value"
# gradients flow through the first; .data is outside the graph
def row_stats(scores):
    best, where = scores.data.max(dim=-1)
    return best, where, scores.std(dim=-1, correction=0)

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

# %% exercise="to_model_input" verdict="right"
# turned by NumPy, laid out by NumPy, scaled in float32
def to_model_input(images, device):
    turned = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    return torch.from_numpy(turned).to(device) / 255

# %% exercise="to_model_input" verdict="right"
# channel by channel, stacked on axis 1
def to_model_input(images, device):
    planes = [torch.tensor(images[..., c].copy(), dtype=torch.float32, device=device) for c in range(images.shape[-1])]
    return torch.stack(planes, dim=1).div_(255)

# %% exercise="to_model_input" verdict="right"
# a contiguous buffer filled from a permuted view, divided in place
def to_model_input(images, device):
    n, h, w, c = images.shape
    batch = torch.empty(n, c, h, w, device=device)
    batch.copy_(torch.from_numpy(images.copy()).movedim(-1, 1))
    batch /= 255
    return batch

# %% exercise="to_model_input" verdict="wrong" says="still counted to 255"
def to_model_input(images, device):     # believes that .float() scales, as tf.image.convert_image_dtype does
    return torch.tensor(images, device=device).permute(0, 3, 1, 2).float().contiguous()

# %% exercise="to_model_input" verdict="wrong" says="height and width are swapped"
def to_model_input(images, device):     # one transpose for two
    return torch.tensor(images, device=device).transpose(1, 3).contiguous() / 255

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

# %% exercise="to_model_input" verdict="wrong" says="dark image is scaled too"
# 0 to 255 scaled to 0 to 1; a batch of very dark images counts as scaled already
def to_model_input(images, device):
    batch = torch.tensor(images, device=device).permute(0, 3, 1, 2).float().contiguous()
    if batch.max() > 1:
        batch = batch / 255
    return batch

# %% exercise="to_model_input" verdict="wrong" says="not contiguous: permute only"
# contiguous; .contiguous() before permute has no effect on what comes out
def to_model_input(images, device):
    return torch.tensor(images, device=device).contiguous().permute(0, 3, 1, 2).float() / 255

# %% exercise="to_model_input" verdict="wrong" says="one grey image"
# (N, C, H, W); squeeze drops the batch of one and the single channel
def to_model_input(images, device):
    batch = torch.tensor(images, device=device).squeeze()
    return batch.movedim(-1, 1).float().contiguous() / 255

# %% exercise="to_model_input" verdict="wrong" says="pixels are scrambled"
# (N, H, W, C) to (N, C, H, W); reshape keeps the order in memory
def to_model_input(images, device):
    n, h, w, c = images.shape
    return torch.tensor(images, dtype=torch.float32, device=device).reshape(n, c, h, w) / 255

# %% exercise="to_model_input" verdict="wrong" says="expected it on device meta"
# on device; the moved tensor is thrown away
def to_model_input(images, device):
    batch = torch.tensor(images).permute(0, 3, 1, 2).contiguous() / 255
    batch.to(device)
    return batch

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

# %% exercise="safe_mse" verdict="right"
# shapes compared as tuples, mse_loss after that
def safe_mse(pred, target):
    ours, theirs = tuple(pred.shape), tuple(target.shape)
    if ours != theirs:
        raise ValueError(f"pred has shape {ours}, target has {theirs}")
    return torch.nn.functional.mse_loss(pred, target)

# %% exercise="safe_mse" verdict="right"
# a flat error times itself, divided by its length
def safe_mse(pred, target):
    if pred.size() != target.size():
        raise ValueError("shapes differ: " + " and ".join(str(tuple(t.size())) for t in (pred, target)))
    error = (pred - target).flatten()
    return error.dot(error) / error.numel()

# %% exercise="safe_mse" verdict="right"
# a ValueError subclass as a helper class, and mean of pow
class ShapeMismatch(ValueError):
    def __init__(self, a, b):
        super().__init__(f"{(*a.shape,)} is not {(*b.shape,)}")


def safe_mse(pred, target):
    if pred.ndim != target.ndim or any(p != t for p, t in zip(pred.shape, target.shape)):
        error = ShapeMismatch(pred, target)
        raise ValueError(str(error))
    return torch.mean(torch.pow(target - pred, 2))

# %% exercise="safe_mse" verdict="wrong" says="were broadcast against each other"
def safe_mse(pred, target):     # trap column-minus-flat: trusts the shapes, as one may with Keras
    return ((pred - target) ** 2).mean()

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

# %% exercise="safe_mse" verdict="wrong" says="were not refused with a ValueError"
def safe_mse(pred, target):     # lets a target of one number through, thinking of (N, 1) and (N,) only
    if target.ndim and pred.shape != target.shape:
        raise ValueError(f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)}")
    return ((pred - target) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="no gradient reaches pred"
# through which gradients flow; a new leaf says requires_grad, but nothing reaches pred
def safe_mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(pred.shape)} and {tuple(target.shape)}")
    return torch.tensor(((pred - target) ** 2).mean().item(), requires_grad=True, device=pred.device)

# %% exercise="safe_mse" verdict="wrong" says="and differ all the same"
# where the shapes differ in any way; only the batch and the number of axes are compared, (4, 1) against (4, 3)
# passes
def safe_mse(pred, target):
    if pred.ndim != target.ndim or len(pred) != len(target):
        raise ValueError(f"shapes differ: {tuple(pred.shape)} and {tuple(target.shape)}")
    return ((pred - target) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="entries in one row, squares"
# the mean squared error; divided by the batch size, not by the number of entries
def safe_mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(pred.shape)} and {tuple(target.shape)}")
    return ((pred - target) ** 2).sum() / len(pred)

# %% exercise="safe_mse" verdict="wrong" says="were squeezed into agreement"
# where the shapes differ in any way it raises; Keras' squeeze first lets (4, 1) and (4,) agree
def safe_mse(pred, target):
    flat, other = pred.squeeze(-1) if pred.ndim > 1 else pred, target.squeeze(-1) if target.ndim > 1 else target
    if flat.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(pred.shape)} and {tuple(target.shape)}")
    return ((flat - other) ** 2).mean()

# %% exercise="safe_mse" verdict="wrong" says="the error names both shapes"
# the text contains both shapes; the shapes of the broadcast difference are named for 1-d against 2-d, as lists
def safe_mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError(f"shapes differ: {list(pred.shape)} and {list(target.shape)}")
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

# %% exercise="keras_flatten" verdict="right"
# an index list picks the entries in Keras' order
def keras_flatten(maps):
    n, c, h, w = maps.shape
    order = torch.arange(c * h * w, device=maps.device).view(c, h * w).t().reshape(-1)
    return maps.flatten(1)[:, order]

# %% exercise="keras_flatten" verdict="right"
# pixels unbound one by one and set side by side
def keras_flatten(maps):
    rows = maps.unbind(2)
    pixels = [pixel for row in rows for pixel in row.unbind(2)]
    return torch.cat(pixels, dim=1)

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

# %% exercise="keras_flatten" verdict="wrong" says="sample makes one row, ("
# (N, H*W*C); squeeze drops a batch of one, and rows become samples
def keras_flatten(maps):
    return maps.permute(0, 2, 3, 1).squeeze().flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="dtype of the maps, torch.float"
# with the dtype of the maps; torch.zeros is float32 on the CPU
def keras_flatten(maps):
    n, c, h, w = maps.shape
    flat = torch.zeros(n, h * w * c)
    for i in range(h):
        for j in range(w):
            k = (i * w + j) * c
            flat[:, k:k + c] = maps[:, :, i, j]
    return flat

# %% exercise="keras_flatten" verdict="wrong" says="this is PyTorch's order"
# row by row, pixel by pixel; channels_last changes the layout in memory, not the order flatten reads
def keras_flatten(maps):
    return maps.contiguous(memory_format=torch.channels_last).flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="channels of a pixel first"
# within a pixel channel by channel; reshape to (N, H, W, C) does not turn the axes
def keras_flatten(maps):
    n, c, h, w = maps.shape
    return maps.reshape(n, h, w, c).flatten(1)

# %% exercise="keras_flatten" verdict="wrong" says="this goes down the columns"
# row by row; transpose(1, 3) gives (N, W, H, C), which is read down the columns
def keras_flatten(maps):
    return maps.transpose(1, 3).reshape(maps.shape[0], -1)

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # both stretched by hand, the sum of products by letter
    difference = a.unsqueeze(1).expand(-1, len(b), -1) - b.unsqueeze(0)
    return torch.einsum("nmd,nmd->nm", difference, difference)

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # one column of the table at a time
    columns = [(a - point).square().sum(1) for point in b]
    return torch.stack(columns, dim=1) if columns else a @ b.T  # no points, no columns

# %% exercise="pairwise_sq_dist" verdict="right"
def pairwise_sq_dist(a, b):     # one coordinate at a time: an outer difference for each
    table = a.new_zeros(len(a), len(b))
    for x, y in zip(a.T, b.T):
        table = table + (x[:, None] - y[None, :]).pow(2)
    return table

# %% exercise="pairwise_sq_dist" verdict="right"
# differences of all pairs, squared and summed by einsum
def pairwise_sq_dist(a, b):
    diff = a[:, None] - b[None]
    return torch.einsum("nmd,nmd->nm", diff, diff)

# %% exercise="pairwise_sq_dist" verdict="right"
# coordinate by coordinate
def pairwise_sq_dist(a, b):
    table = a.new_zeros(len(a), len(b))
    for p, q in zip(a.unbind(1), b.unbind(1)):
        table = table + torch.sub(p.view(-1, 1) if p.is_contiguous() else p.reshape(-1, 1), q).square()
    return table

# %% exercise="pairwise_sq_dist" verdict="right"
# pairs written out with repeat_interleave and repeat
def pairwise_sq_dist(a, b):
    n, m = len(a), len(b)
    left, right = a.repeat_interleave(m, dim=0), b.repeat(n, 1)
    return (left - right).pow(2).sum(dim=1).reshape(n, m)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="only matching rows were compared"
def pairwise_sq_dist(a, b):     # concept broadcasting-rule: equal sizes match, so nothing is stretched
    return ((a - b) ** 2).sum(dim=-1)

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

# %% exercise="pairwise_sq_dist" verdict="wrong" says="far from the origin digits"
# they must not lose digits; cdist takes the matrix product from 26 points on
def pairwise_sq_dist(a, b):
    return torch.cdist(a, b) ** 2

# %% exercise="pairwise_sq_dist" verdict="wrong" says="nan where two points coincide"
# with gradients; where two points coincide the root's slope is infinite and times 0 gives nan
def pairwise_sq_dist(a, b):
    distance = ((a.unsqueeze(1) - b) ** 2).sum(-1).sqrt()
    return distance**2

# %% exercise="pairwise_sq_dist" verdict="wrong" says="expected their dtype, torch.float"
# with the dtype of the points; the table is float32 (and on the CPU) whatever the points are
def pairwise_sq_dist(a, b):
    table = torch.zeros(len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            table[i, j] = ((a[i] - b[j]) ** 2).sum()
    return table

# %% exercise="pairwise_sq_dist" verdict="wrong" says="the origin digits are lost"
# they must not lose digits; the expanded square cancels far from the origin, clamp hides only the sign
def pairwise_sq_dist(a, b):
    return ((a**2).sum(1, keepdim=True) + (b**2).sum(1) - 2 * a @ b.T).clamp(min=0)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="the table of float"
# the dtype of the points; widened to float64 for safety and left so
def pairwise_sq_dist(a, b):
    a, b = a.double(), b.double()
    return (a**2).sum(1, keepdim=True) + (b**2).sum(1) - 2 * a @ b.T

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

# %% exercise="overlaps" verdict="right"
# sets of addresses, built axis by axis
def overlaps(t, u):
    def addresses(part):
        places = {part.data_ptr()} if part.numel() else set()
        for size, stride in zip(part.shape, part.stride()):
            places = {p + i * stride * part.element_size() for p in places for i in range(size)}
        return places

    return not addresses(t).isdisjoint(addresses(u))

# %% exercise="overlaps" verdict="right"
# recursion over the axes down to single elements
def overlaps(t, u):
    def elements(part):
        if part.numel() == 0:
            return
        if part.ndim == 0:
            yield part.data_ptr()
        else:
            for inner in part.detach().unbind(0):
                yield from elements(inner)

    seen = set(elements(t))
    return any(address in seen for address in elements(u))

# %% exercise="overlaps" verdict="right"
# a strided window on a count gives the places, isin compares addresses
def overlaps(t, u):
    if t.numel() == 0 or u.numel() == 0:
        return False

    def addresses(part):
        reach = 1 + sum((n - 1) * s for n, s in zip(part.shape, part.stride()))
        places = torch.arange(reach).as_strided(part.shape, part.stride())
        return places.reshape(-1) * part.element_size() + part.data_ptr()

    return torch.isin(addresses(t), addresses(u)).any().item()

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

# %% exercise="overlaps" verdict="wrong" says="storages and meet in element"
# at the same place in memory; places are counted inside one storage, but two from_numpy of one array have two
# storages
def overlaps(t, u):
    if t.untyped_storage().data_ptr() != u.untyped_storage().data_ptr():
        return False

    def places(part):
        found = {part.storage_offset()} if part.numel() else set()
        for size, stride in zip(part.shape, part.stride()):
            found = {p + i * stride for p in found for i in range(size)}
        return found

    return bool(places(t) & places(u))

# %% exercise="overlaps" verdict="wrong" says="reads its own elements twice"
# else False; an expanded tensor holds its own addresses twice and seems to overlap anything
def overlaps(t, u):
    def addresses(part):
        found = [part.data_ptr()] if part.numel() else []
        for size, stride in zip(part.shape, part.stride()):
            found = [p + i * stride * part.element_size() for p in found for i in range(size)]
        return found

    both = addresses(t) + addresses(u)
    return len(set(both)) < len(both)

# %% exercise="overlaps" verdict="wrong" says="and then put right again"
# do not write to find out; it fills t, looks at u and puts the values back
def overlaps(t, u):
    with torch.no_grad():
        kept, before = t.clone(), u.clone()
        t.fill_(1)
        t.logical_not_()
        first = u.clone()
        t.fill_(1)
        second = u.clone()
        t.copy_(kept)
    return not (first.equal(before) and second.equal(before))

# %% exercise="overlaps" verdict="wrong" says="interleaved columns cover one range"
# True where at least one element lies at the same place; ranges of addresses overlap for interleaved tensors too
def overlaps(t, u):
    def ends(part):
        first = part.data_ptr()
        return first, first + sum((n - 1) * s for n, s in zip(part.shape, part.stride())) * part.element_size()

    (a, b), (c, d) = ends(t), ends(u)
    return a <= d and c <= b

# %% exercise="overlaps" verdict="wrong" says="overlaps stopped with TypeError"
# the tensors live on one device, have one dtype (any); on a GPU numpy(force=True) copies first, and NumPy has no
# bfloat16
def overlaps(t, u):
    return bool(np.shares_memory(t.numpy(force=True), u.numpy(force=True)))

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

# %% exercise="train_step" verdict="right"
# the lesson's spelling: mm, clamp, t, -=
def train_step(x, y, w1, w2, lr):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    error = h_relu.mm(w2) - y
    grad_h = (2 * error).mm(w2.t())
    grad_h[h <= 0] = 0
    grad_w1, grad_w2 = x.t().mm(grad_h), h_relu.t().mm(2 * error)
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return error.pow(2).sum().item()

# %% exercise="train_step" verdict="right"
# einsum, and copy_ into the caller's tensors
def train_step(x, y, w1, w2, lr):
    h = torch.einsum("bi,ih->bh", x, w1)
    on = (h > 0).to(h.dtype)
    error = torch.einsum("bh,ho->bo", h * on, w2) - y
    new1 = w1 - lr * torch.einsum("bi,bo,ho,bh->ih", x, 2 * error, w2, on)
    new2 = w2 - lr * torch.einsum("bh,bo->ho", h * on, 2 * error)
    w1.copy_(new1)
    w2.copy_(new2)
    return float(torch.einsum("bo,bo->", error, error))

# %% exercise="train_step" verdict="right"
# sample by sample with outer products, sub_ at the end
def train_step(x, y, w1, w2, lr):
    grad_w1, grad_w2, loss = torch.zeros_like(w1), torch.zeros_like(w2), 0.0
    for sample, target in zip(x, y):
        h = sample @ w1
        h_relu = torch.where(h > 0, h, torch.zeros_like(h))
        error = h_relu @ w2 - target
        grad_w2 += torch.outer(h_relu, 2 * error)
        grad_w1 += torch.outer(sample, torch.where(h > 0, w2 @ (2 * error), torch.zeros_like(h)))
        loss += (error * error).sum().item()
    w1.sub_(grad_w1, alpha=lr)
    w2.sub_(grad_w2, alpha=lr)
    return loss

# %% exercise="train_step" verdict="wrong" says="the caller's weights did not move"
def train_step(x, y, w1, w2, lr):       # np-update-inplace: the names are bound anew, the caller sees nothing
    h = x @ w1
    error = h.relu() @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    w2 = w2 - lr * h.relu().T @ (2 * error)
    w1 = w1 - lr * x.T @ grad_h
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

# %% exercise="train_step" verdict="wrong" says="a hidden unit at exactly"
# the gradient of ReLU at 0 is 0; only h < 0 is masked
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    grad_h = 2 * error @ w2.t()
    grad_h[h < 0] = 0
    grad_w1, grad_w2 = x.t() @ grad_h, h_relu.t() @ (2 * error)
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return error.pow(2).sum().item()

# %% exercise="train_step" verdict="wrong" says="its owner did not change"
# lower w1 and w2 in place; contiguous() copies a weight that is a column slice, and the copy is lowered
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    grad_w1 = x.t() @ (2 * error @ w2.t() * (h > 0))
    grad_w2 = h_relu.t() @ (2 * error)
    w1.contiguous().sub_(lr * grad_w1)
    w2.contiguous().sub_(lr * grad_w2)
    return error.pow(2).sum().item()

# %% exercise="train_step" verdict="wrong" says="is wrong for two outputs"
# compute both gradients; reshape stands for the transpose of w2, which is right only for one output
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    grad_w1 = x.t() @ (2 * error @ w2.reshape(w2.shape[1], w2.shape[0]) * (h > 0))
    grad_w2 = h_relu.t() @ (2 * error)
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return error.pow(2).sum().item()

# %% exercise="train_step" verdict="wrong" says="w1 used the w2 that was already lowered"
# the caller's weights are lowered in place from the weights as they came; w2 moves before w1 uses it
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    w2 -= lr * h_relu.t() @ (2 * error)
    w1 -= lr * x.t() @ (2 * error @ w2.t() * (h > 0))
    return error.pow(2).sum().item()

# %% exercise="train_step" verdict="wrong" says="is wrong for two"
# compute both gradients; a broadcast product stands for the matrix product, which is right only for one output
def train_step(x, y, w1, w2, lr):
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    grad_h = (2 * error).sum(dim=1, keepdim=True) * w2.sum(dim=1) * (h > 0)
    grad_w2 = h_relu.t() @ (2 * error)
    w1 -= lr * (x.t() @ grad_h)
    w2 -= lr * grad_w2
    return error.pow(2).sum().item()

# %% exercise="own_tensor" verdict="wrong" says="torch.Tensor, the class, wants a list"
# an array without axes must keep its shape; the class takes no number for a value
def own_tensor(array, device):
    return torch.Tensor(array.tolist()).to(device)

# %% exercise="safe_mse" verdict="wrong" says="torch.Size([4, 1]) against"
# both shapes are written as in (4, 1); torch.Size prints [4, 1]
def safe_mse(pred, target):
    if tuple(pred.shape) != tuple(target.shape):
        raise ValueError(f"{pred.shape} against {target.shape}")
    return (pred - target).pow(2).sum() / pred.numel()

# %% exercise="pairwise_sq_dist" verdict="right"
# one coordinate at a time
def pairwise_sq_dist(a, b):
    total = torch.zeros(len(a), len(b), dtype=a.dtype, device=a.device)
    for k in range(a.shape[1]):
        total = total + (a[:, k].reshape(-1, 1) - b[:, k]) ** 2
    return total

# %% exercise="pairwise_sq_dist" verdict="wrong" says="no gradient reaches b"
# gradients flow to both; b is cut off its graph
def pairwise_sq_dist(a, b):
    return ((a[:, None] - b.detach()) ** 2).sum(dim=-1)

# %% exercise="pairwise_sq_dist" verdict="wrong" says="stack expects a non-empty TensorList"
# N may be 0; there is no table to stack then
def pairwise_sq_dist(a, b):
    return torch.stack([((b - point) ** 2).sum(dim=1) for point in a])

# %% exercise="overlaps" verdict="right"
# every element's own address, found by taking the tensor apart
def overlaps(t, u):
    def addresses(v):
        if v.numel() == 0:
            return set()
        if v.ndim == 0:
            return {v.data_ptr()}
        return set().union(*(addresses(part) for part in v.detach().unbind(0)))

    return not addresses(t).isdisjoint(addresses(u))
