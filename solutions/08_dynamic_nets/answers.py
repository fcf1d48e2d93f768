# %% exercise="shrink" verdict="right"
def shrink(x, limit):       # calls itself: the recursion is differentiated like the loop
    if x.norm() <= limit:
        return x, 0
    result, rounds = shrink(x * 0.5, limit)
    return result, rounds + 1

# %% exercise="shrink" verdict="right"
def shrink(x, limit):       # counts on plain values, then scales the recorded tensor once
    rounds, size = 0, x.detach().norm().item()
    while size > limit:
        size /= 2
        rounds += 1
    return x * 0.5**rounds, rounds

# %% exercise="shrink" verdict="right"
import itertools

def shrink(x, limit):       # tries one power of two after another
    for rounds in itertools.count():
        candidate = x / 2**rounds
        if torch.linalg.vector_norm(candidate) <= limit:
            return candidate, rounds

# %% exercise="shrink" verdict="wrong" says="no way back to x"
def shrink(x, limit):       # dyn-python-while: believes that a value in a condition must be detached first
    y, rounds = x.detach(), 0
    while y.norm() > limit:
        y = y / 2
        rounds += 1
    return y, rounds

# %% exercise="shrink" verdict="wrong" says="the caller's x was changed"
def shrink(x, limit):       # item-assignment: halves in place, behind autograd's back
    rounds = 0
    while x.norm() > limit:
        x.data /= 2
        rounds += 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="measure x as a whole"
def shrink(x, limit):       # dyn-python-while: a condition for each entry, as in tf.where
    rounds = 0
    while bool((x.abs() > limit).any()):
        x = x / 2
        rounds += 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="stop there, not after"
def shrink(x, limit):       # goes on while the norm is not yet below the limit
    rounds = 0
    while x.norm() >= limit:
        x = x / 2
        rounds += 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="what tf.clip_by_norm gives"
def shrink(x, limit):       # reads "until it fits" as tf.clip_by_norm
    size = x.norm()
    if size <= limit:
        return x, 0
    return x * (limit / size), 1

# %% exercise="shrink" verdict="wrong" says="rounds is a Python int"
def shrink(x, limit):       # tf.while_loop: the counter is a loop variable, so a tensor
    rounds = torch.tensor(0, device=x.device)
    while x.norm() > limit:
        x, rounds = x / 2, rounds + 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="return two things"
def shrink(x, limit):       # forgets the count
    while x.norm() > limit:
        x = x / 2
    return x

# %% exercise="shrink" verdict="right"
# recursion, vector_norm over all entries
def shrink(x, limit):
    if not torch.linalg.vector_norm(x) > limit:
        return x, 0
    result, rounds = shrink(0.5 * x, limit)
    return result, rounds + 1

# %% exercise="shrink" verdict="right"
# halves a clone in place, recorded; asks with a detached copy
def shrink(x, limit):
    result, rounds = x.clone(), 0
    while bool(result.detach().norm() > limit):
        result.div_(2)
        rounds += 1
    return result, rounds

# %% exercise="shrink" verdict="right"
# counts without recording, then repeats the halvings recorded
def shrink(x, limit):
    rounds = 0
    with torch.no_grad():
        y = x
        while y.square().sum().sqrt() > limit:
            y = y / 2
            rounds += 1
    for _ in range(rounds):
        x = x / 2
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="is within 8: it comes back"
# as long as the norm is greater than limit - halves once even where x fits from the start
def shrink(x, limit):
    rounds = 0
    while True:
        x, rounds = x / 2, rounds + 1
        if x.norm() <= limit:
            return x, rounds

# %% exercise="shrink" verdict="wrong" says="rows and columns count together"
# the root of the sum of all squares - linalg.norm with ord=2 is the greatest singular value of a matrix
def shrink(x, limit):
    rounds = 0
    while torch.linalg.norm(x, ord=2) > limit:
        x = x / 2
        rounds += 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="the 16 entries of the unit matrix"
# the root of the sum of all squares - measures row by row and stops when each row fits
def shrink(x, limit):
    rounds = 0
    while (x.norm(dim=-1) > limit).any():
        x = x / 2
        rounds += 1
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="takes 30 rounds, got"
# as long as the norm of x is greater than limit - stops after 20 rounds, as with tf.while_loop's maximum_iterations
def shrink(x, limit):
    for rounds in range(20):
        if x.norm() <= limit:
            break
        x = x / 2
    else:
        rounds = 20
    return x, rounds

# %% exercise="shrink" verdict="wrong" says="a detached tensor was marked anew"
# through which gradients flow back to x - loops on a detached tensor and marks the result as a new leaf
def shrink(x, limit):
    y, rounds = x.detach(), 0
    while y.norm() > limit:
        y = y / 2
        rounds += 1
    return y.clone().requires_grad_(x.requires_grad), rounds

# %% exercise="masked_mean" verdict="right"
def masked_mean(batch, lengths):    # fills a copy with zeros instead of choosing
    padding = torch.arange(batch.size(1), device=batch.device).unsqueeze(0) >= lengths.unsqueeze(1)
    return batch.masked_fill(padding.unsqueeze(-1), 0).sum(1) / lengths.unsqueeze(1)

# %% exercise="masked_mean" verdict="right"
def masked_mean(batch, lengths):    # running sums, read off at each sequence's own end
    rows = torch.arange(batch.shape[0], device=batch.device)
    return batch.cumsum(dim=1)[rows, lengths - 1] / lengths.unsqueeze(1)

# %% exercise="masked_mean" verdict="right"
def masked_mean(batch, lengths):    # weights that are 1/length inside and 0 outside
    inside = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    weights = inside.to(batch.dtype) / lengths[:, None]
    clean = torch.where(inside[..., None], batch, torch.zeros_like(batch))
    return torch.einsum("nt,ntf->nf", weights, clean)

# %% exercise="masked_mean" verdict="wrong" says="divided by the padded length"
def masked_mean(batch, lengths):    # dyn-pad-in-batch: masks, and lets mean divide by all steps
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return torch.where(mask[:, :, None], batch, 0).mean(dim=1)

# %% exercise="masked_mean" verdict="wrong" says="choose instead of multiplying"
def masked_mean(batch, lengths):    # dyn-pad-in-batch: multiplies by the mask as by a Keras sample weight
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return (batch * mask[:, :, None]).sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="is already padding"
def masked_mean(batch, lengths):    # takes lengths for the last index, and counts accordingly
    mask = torch.arange(batch.shape[1], device=batch.device) <= lengths[:, None]
    return torch.where(mask[:, :, None], batch, 0).sum(dim=1) / mask.sum(dim=1)[:, None]

# %% exercise="masked_mean" verdict="wrong" says="write the zeros into a tensor of your own"
def masked_mean(batch, lengths):    # item-assignment: clears the padding in the caller's batch
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    batch[~mask] = 0
    return batch.sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="number of all steps in the batch"
def masked_mean(batch, lengths):    # divides each sum by the steps of all sequences together
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return torch.where(mask[:, :, None], batch, 0).sum(dim=1) / lengths.sum()

# %% exercise="masked_mean" verdict="wrong" says="what stands in the padding was added"
def masked_mean(batch, lengths):    # believes that padding is always zeros, so that only the divisor matters
    return batch.sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="one mean per sequence and feature"
def masked_mean(batch, lengths):    # boolean selection: the rows run together
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return batch[mask].mean(dim=0)

# %% exercise="masked_mean" verdict="right"
# running sums, read off at each sequence's last own step: later steps never come in
def masked_mean(batch, lengths):
    sums = batch.cumsum(dim=1)
    rows = torch.arange(len(batch), device=batch.device)
    return sums[rows, lengths - 1] / lengths.unsqueeze(1)

# %% exercise="masked_mean" verdict="wrong" says="has the mean nan, and the others"
# Return the mean over each sequence's own steps - nanmean leaves out own steps that are nan, and divides by fewer
def masked_mean(batch, lengths):
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return torch.where(mask[..., None], batch, float("nan")).nanmean(dim=1)

# %% exercise="masked_mean" verdict="wrong" says="must be sorted in decreasing order"
# lengths is an integer tensor (n,), all at least 1 (nothing says sorted) - packs with enforce_sorted left on, so only falling lengths pass
def masked_mean(batch, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(batch, lengths.cpu(), batch_first=True)
    clean, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    return clean.sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="aten::lt.Tensor mixes devices"
# on the same device - the step numbers are made on the CPU wherever the batch is
def masked_mean(batch, lengths):
    steps = torch.arange(batch.shape[1])
    mask = steps[None, :] < lengths[:, None]
    return batch.masked_fill(~mask[:, :, None], 0).sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="the padding got a gradient"
# must not touch values or gradients - zeros written through .data are not recorded, padding gets the slope 1/length
def masked_mean(batch, lengths):
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    own = batch.clone()
    own.data[~mask] = 0
    return own.sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="with nan among its own steps"
# Whatever stands in the padding, be it nan, must not touch values or gradients - nan_to_num before the mask also turns own nan and inf steps into ordinary numbers, so it is not the mean over the own steps
def masked_mean(batch, lengths):
    mask = (torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]).to(batch.dtype)
    return (torch.nan_to_num(batch) * mask[:, :, None]).sum(dim=1) / lengths[:, None]

# %% exercise="DynamicNet" verdict="right"
import itertools

class DynamicNet(nn.Module):        # a list of the same module, chained
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        for layer in itertools.chain([self.first], [self.middle] * depth):
            x = torch.relu(layer(x))
        return self.last(x)

# %% exercise="DynamicNet" verdict="right"
import functools

class DynamicNet(nn.Module):        # a fold over the uses, weights applied by hand
    def __init__(self, inputs, hidden, outputs):
        nn.Module.__init__(self)
        for name, a, b in (("first", inputs, hidden), ("middle", hidden, hidden), ("last", hidden, outputs)):
            self.add_module(name, nn.Linear(a, b))

    def forward(self, x, depth):
        start = nn.functional.relu(self.first(x))
        use = lambda h, _: nn.functional.relu(nn.functional.linear(h, self.middle.weight, self.middle.bias))
        return self.last(functools.reduce(use, range(depth), start))

# %% exercise="DynamicNet" verdict="right"
class DynamicNet(nn.Module):        # calls itself once per use
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def rest(self, h, depth):
        return self.last(h) if depth == 0 else self.rest(self.middle(h).clamp(min=0), depth - 1)

    def forward(self, x, depth):
        return self.rest(self.first(x).clamp(min=0), depth)

# %% exercise="DynamicNet" verdict="wrong" says="last expected, registered are"
class DynamicNet(nn.Module):        # dyn-weight-sharing: makes the middle layer where it is used
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.hidden = hidden
        self.first = nn.Linear(inputs, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = nn.Linear(self.hidden, self.hidden)(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="one middle layer serves every depth"
class DynamicNet(nn.Module):        # dyn-weight-sharing: a stack of layers, of which depth are used
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(4))
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for layer in self.middle[:depth]:
            h = layer(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="was a copy used in its place"
import copy

class DynamicNet(nn.Module):        # dyn-weight-sharing: a copy for each use, as clone_model would give
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = copy.deepcopy(self.middle)(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="multiplied by zero is not left out"
class DynamicNet(nn.Module):        # dyn-unused-grad-none: computes always, and weighs unused layers with zero
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for use in range(10):
            on = float(use < depth)
            h = on * self.middle(h).relu() + (1 - on) * h
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="the middle layer is not used at all"
class DynamicNet(nn.Module):        # reads depth as further uses after the first one
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth + 1):
            h = self.middle(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="depth 1 differs: the middle layer once, then a ReLU"
class DynamicNet(nn.Module):        # a Linear layer has no activation: forgets the one in the loop
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h)
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="sums over all three uses"
class DynamicNet(nn.Module):        # truncates the way back: only the last use sends a gradient
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h.detach()).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="right"
# a chain made for this pass from the same modules, never registered
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        chain = nn.Sequential(self.first, nn.ReLU(), *(depth * [self.middle, nn.ReLU()]), self.last)
        return chain(x)

# %% exercise="DynamicNet" verdict="right"
# reduce over the uses, functional linear on the registered weights
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        for name, sizes in {"first": (inputs, hidden), "middle": (hidden, hidden), "last": (hidden, outputs)}.items():
            setattr(self, name, nn.Linear(*sizes))

    def forward(self, x, depth):
        from functools import reduce
        use = lambda h, layer: nn.functional.linear(h, layer.weight, layer.bias).relu_()
        return self.last(reduce(use, [self.first] + [self.middle] * depth, x))

# %% exercise="DynamicNet" verdict="right"
# recursion in a helper method
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def deeper(self, h, left):
        return h if left == 0 else self.deeper(torch.clamp(self.middle(h), min=0), left - 1)

    def forward(self, x, depth):
        return self.last(self.deeper(torch.clamp(self.first(x), min=0), depth))

# %% exercise="DynamicNet" verdict="wrong" says="has registered something on the model"
# an nn.Module with three nn.Linear layers named first, middle and last - each pass registers its chain on self, so the state dict grows with depth
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        self.chain = nn.Sequential(*(depth * [self.middle, nn.ReLU()]))
        return self.last(self.chain(self.first(x).relu()))

# %% exercise="DynamicNet" verdict="wrong" says="thrown gradients of earlier passes away"
# at depth = 0 the middle layer takes no part - the pass throws away gradients that earlier passes left there
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        if depth == 0:
            self.middle.zero_grad(set_to_none=True)  # its gradients are to be None
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="frozen or thawed a layer"
# at depth = 0 the middle layer takes no part - every pass freezes or thaws it, so a pass of depth 0 between forward and optimizer, or a caller's own freezing, is undone
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        self.middle.requires_grad_(depth > 0)
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h).relu()
        return self.last(h)

# %% exercise="DynamicNet" verdict="wrong" says="depth 3 differs: the same"
# depth times through the same middle and a ReLU - one ReLU after all uses
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h)
        return self.last(h.relu())

# %% exercise="DynamicNet" verdict="wrong" says="the middle layer's gradient sums"
# depth times through the same middle - detaches between the uses, so that the middle layer learns from its last use alone and first from none
class DynamicNet(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for _ in range(depth):
            h = self.middle(h.detach()).relu()
        return self.last(h)

# %% exercise="last_hidden" verdict="right"
def last_hidden(rnn, sequences):    # pads, then packs with the lengths
    lengths = [len(s) for s in sequences]
    padded = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    return rnn(packed)[1][-1]

# %% exercise="last_hidden" verdict="right"
def last_hidden(rnn, sequences):    # lets the RNN walk on, and picks each sequence's own last step
    out, _ = rnn(nn.utils.rnn.pad_sequence(sequences, batch_first=True))
    ends = torch.tensor([len(s) - 1 for s in sequences], device=out.device)
    return out[torch.arange(len(sequences), device=out.device), ends]

# %% exercise="last_hidden" verdict="right"
def last_hidden(rnn, sequences):    # sorts by hand and restores the order by hand
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    _, states = rnn(nn.utils.rnn.pack_sequence([sequences[i] for i in order]))
    back = sorted(range(len(order)), key=order.__getitem__)
    return states[-1][back]

# %% exercise="last_hidden" verdict="wrong" says="have walked on through padding"
def last_hidden(rnn, sequences):    # dyn-pad-in-batch: takes the last column of the padded batch
    out, _ = rnn(nn.utils.rnn.pad_sequence(sequences, batch_first=True))
    return out[:, -1]

# %% exercise="last_hidden" verdict="wrong" says="the order of the list"
def last_hidden(rnn, sequences):    # sorts for packing, as guides before torch 1.1 had to, and leaves it at that
    _, states = rnn(nn.utils.rnn.pack_sequence(sorted(sequences, key=len, reverse=True)))
    return states[-1]

# %% exercise="last_hidden" verdict="wrong" says="the states of the first layer"
def last_hidden(rnn, sequences):    # takes layer 0 for the last one
    _, states = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    return states[0]

# %% exercise="last_hidden" verdict="wrong" says="the states of all layers"
def last_hidden(rnn, sequences):    # return_state of Keras: forgets that all layers' states come back
    _, states = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    return states

# %% exercise="last_hidden" verdict="wrong" says="one call takes all sequences together"
def last_hidden(rnn, sequences):    # dyn-variable-length: right, but one sequence at a time
    return torch.stack([rnn(s)[1][-1] for s in sequences])

# %% exercise="last_hidden" verdict="wrong" says="no way back to the rnn's weights"
def last_hidden(rnn, sequences):    # takes states for values to be read
    with torch.no_grad():
        _, states = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    return states[-1]

# %% exercise="last_hidden" verdict="right"
# no packing: padded, then each sequence's state at its own last step is picked from the outputs
def last_hidden(rnn, sequences):
    lengths = torch.tensor([len(s) for s in sequences], device=sequences[0].device)
    out, _ = rnn(nn.utils.rnn.pad_sequence(sequences, batch_first=True))
    return out[torch.arange(len(sequences), device=out.device), lengths - 1]

# %% exercise="last_hidden" verdict="right"
# sorts a copy, packs it sorted, and turns the order back with the inverse permutation
def last_hidden(rnn, sequences):
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    _, h = rnn(nn.utils.rnn.pack_sequence([sequences[i] for i in order]))
    back = [0] * len(order)
    for place, i in enumerate(order):
        back[i] = place
    return h[-1][back]

# %% exercise="last_hidden" verdict="right"
# packed in, outputs unpadded again, last row of each
def last_hidden(rnn, sequences):
    packed, _ = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    return torch.stack([out[-1] for out in nn.utils.rnn.unpack_sequence(packed)])

# %% exercise="last_hidden" verdict="wrong" says="the caller's list was sorted"
# in the order of the list, row 0 is what the GRU says after two steps - sorts the caller's list in place and returns the longest first
def last_hidden(rnn, sequences):
    sequences.sort(key=len, reverse=True)
    _, h = rnn(nn.utils.rnn.pack_sequence(sequences))
    return h[-1]

# %% exercise="last_hidden" verdict="wrong" says="shape (1, 5), got (5,)"
# Return ... (n, hidden) - a list of one sequence gives (hidden,)
def last_hidden(rnn, sequences):
    _, h = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    return h[-1].squeeze(0)

# %% exercise="last_hidden" verdict="wrong" says="wrong where a sequence ends in zeros"
# after each sequence's own last step - finds the lengths by looking for zeros, as Masking(0.0) does, so own steps of zeros are not counted
def last_hidden(rnn, sequences):
    padded = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    lengths = (padded != 0).any(dim=-1).sum(dim=1)
    out, _ = rnn(padded)
    return out[torch.arange(len(padded), device=out.device), lengths - 1]

# %% exercise="last_hidden" verdict="wrong" says="brought back the wrong way"
# in the order of the list - turns the order back with the permutation itself instead of its inverse, right only where they agree
def last_hidden(rnn, sequences):
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]), reverse=True)
    _, h = rnn(nn.utils.rnn.pack_sequence([sequences[i] for i in order]))
    return h[-1][order]

# %% exercise="early_exit" verdict="right"
def early_exit(blocks, head, x, sure):      # decides on detached values, walks by index
    used = 0
    while True:
        x = blocks[used](x)
        used += 1
        logits = head(x)
        confidence, _ = torch.softmax(logits.detach(), dim=-1).max(dim=-1)
        if used == len(blocks) or bool((confidence >= sure).all()):
            return logits, used

# %% exercise="early_exit" verdict="right"
def early_exit(blocks, head, x, sure):      # calls itself on the blocks that are left
    first, *rest = blocks
    x = first(x)
    logits = head(x)
    if not rest or not bool((logits.softmax(1).amax(1) < sure).any()):
        return logits, 1
    logits, used = early_exit(rest, head, x, sure)
    return logits, used + 1

# %% exercise="early_exit" verdict="right"
def early_exit(blocks, head, x, sure):      # a generator makes each pass only when asked for
    def passes(h):
        for block in blocks:
            h = block(h)
            yield head(h)

    for used, logits in enumerate(passes(x), start=1):
        best = (logits - logits.logsumexp(dim=1, keepdim=True)).exp().max(dim=1).values
        if all(p >= sure for p in best.tolist()):
            return logits, used
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="all five blocks ran"
def early_exit(blocks, head, x, sure):      # computes everything and picks afterwards, as a graph would
    outputs = []
    for block in blocks:
        x = block(x)
        outputs.append(head(x))
    for used, logits in enumerate(outputs, 1):
        if logits.softmax(dim=1).amax(dim=1).min() >= sure:
            break
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="stopped when one row was sure"
def early_exit(blocks, head, x, sure):      # the greatest probability of the whole batch
    for used, block in enumerate(blocks, 1):
        x = block(x)
        logits = head(x)
        if logits.softmax(dim=1).max() >= sure:
            break
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="sure on average, or by columns"
def early_exit(blocks, head, x, sure):      # the mean over the batch, as a metric would be
    for used, block in enumerate(blocks, 1):
        x = block(x)
        logits = head(x)
        if logits.softmax(dim=1).amax(dim=1).mean() >= sure:
            break
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="these are probabilities"
def early_exit(blocks, head, x, sure):      # the model ends in a softmax, as in Keras
    for used, block in enumerate(blocks, 1):
        x = block(x)
        probabilities = head(x).softmax(dim=1)
        if probabilities.amax(dim=1).min() >= sure:
            break
    return probabilities, used

# %% exercise="early_exit" verdict="wrong" says="count from one"
def early_exit(blocks, head, x, sure):      # returns the index of the last block
    for used, block in enumerate(blocks):
        x = block(x)
        logits = head(x)
        if logits.softmax(dim=1).amax(dim=1).min() >= sure:
            break
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="no way back to the blocks"
def early_exit(blocks, head, x, sure):      # early exit is for inference only, so everything under no_grad
    with torch.no_grad():
        for used, block in enumerate(blocks, 1):
            x = block(x)
            logits = head(x)
            if logits.softmax(dim=1).amax(dim=1).min() >= sure:
                break
    return logits, used

# %% exercise="early_exit" verdict="right"
# a generator gives logits block by block; leaving the loop leaves it unfinished
def early_exit(blocks, head, x, sure):
    def answers(h):
        for block in blocks:
            h = block(h)
            yield head(h)

    for used, logits in enumerate(answers(x), start=1):
        if torch.softmax(logits, dim=-1).max(dim=-1).values.min() >= sure:
            break
    return logits, used

# %% exercise="early_exit" verdict="right"
# while with a counter; every row must have some class that is likely enough
def early_exit(blocks, head, x, sure):
    used, done = 0, False
    while not done:
        x = blocks[used](x)
        used += 1
        logits = head(x)
        with torch.no_grad():
            confident = (nn.functional.softmax(logits, dim=1) >= sure).any(dim=1).all().item()
        done = confident or used == len(blocks)
    return logits, used

# %% exercise="early_exit" verdict="right"
# recursion over the rest of the list
def early_exit(blocks, head, x, sure):
    block, *rest = blocks
    x = block(x)
    logits = head(x)
    if not rest or bool((logits.detach().softmax(1).amax(1) >= sure).all()):
        return logits, 1
    logits, used = early_exit(rest, head, x, sure)
    return logits, used + 1

# %% exercise="early_exit" verdict="wrong" says="which is at least 0.5: stop"
# at least sure - greater than sure, so a probability of exactly sure goes on
def early_exit(blocks, head, x, sure):
    for used, block in enumerate(blocks, 1):
        x = block(x)
        logits = head(x)
        if (logits.softmax(dim=1).amax(dim=1) > sure).all():
            break
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="head runs once after each block"
# send x through the blocks, and after each through head - asks head about x itself first, and may return used = 0
def early_exit(blocks, head, x, sure):
    used, logits = 0, head(x)
    while used < len(blocks) and logits.softmax(dim=1).amax(dim=1).min() < sure:
        x = blocks[used](x)
        logits = head(x)
        used += 1
    return logits, used

# %% exercise="early_exit" verdict="wrong" says="3 times, got 4"
# after each through head, return the last logits - runs head once more for the result, other logits where head has dropout or state
def early_exit(blocks, head, x, sure):
    for used, block in enumerate(blocks, 1):
        x = block(x)
        with torch.no_grad():
            confident = head(x).softmax(dim=1).amax(dim=1) >= sure
        if confident.all():
            break
    return head(x), used

# %% exercise="early_exit" verdict="wrong" says="what head gives after the last block"
# Return (logits, used): the last logits - where nobody is ever sure it returns what the last block gave, without head
def early_exit(blocks, head, x, sure):
    for used, block in enumerate(blocks, 1):
        x = block(x)
        logits = head(x)
        if (logits.softmax(dim=1).amax(dim=1) >= sure).all():
            return logits, used
    return x, used

# %% exercise="early_exit" verdict="wrong" says="what head gives after three doublings"
# the last logits - rows that were sure earlier keep their earlier logits, an exit row by row
def early_exit(blocks, head, x, sure):
    result = None
    for used, block in enumerate(blocks, 1):
        x = block(x)
        logits = head(x)
        result = logits if result is None else torch.where(done[:, None], result, logits)
        done = result.softmax(dim=1).amax(dim=1) >= sure
        if done.all():
            break
    return result, used

# %% exercise="limit_gradient" verdict="right"
def limit_gradient(t, limit):       # a function with a backward of its own, as tf.custom_gradient
    class Limit(torch.autograd.Function):
        @staticmethod
        def forward(ctx, values):
            return values.clone()

        @staticmethod
        def backward(ctx, g):
            size = g.norm()
            return torch.where(size > limit, g * (limit / size), g)

    return Limit.apply(t)

# %% exercise="limit_gradient" verdict="right"
def limit_gradient(t, limit):       # a view with a hook, dividing by what is too much
    passed = t.view_as(t)
    passed.register_hook(lambda g: g / (g.square().sum().sqrt() / limit).clamp(min=1))
    return passed

# %% exercise="limit_gradient" verdict="right"
def limit_gradient(t, limit):       # direction times a length that is at most the limit
    passed = t * 1
    passed.register_hook(lambda g: nn.functional.normalize(g.flatten(), dim=0).reshape(g.shape) * g.norm().clamp(max=limit))
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="another use of t was limited"
def limit_gradient(t, limit):       # beyond-hooks: hangs the hook on t itself
    t.register_hook(lambda g: g * (limit / g.norm()).clamp(max=1))
    return t

# %% exercise="limit_gradient" verdict="wrong" says="each entry was cut to 1"
def limit_gradient(t, limit):       # tf.clip_by_value in place of tf.clip_by_norm
    passed = t.clone()
    passed.register_hook(lambda g: g.clamp(-limit, limit))
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="the gradient came through unlimited"
def limit_gradient(t, limit):       # clips now, when there is no gradient yet
    passed = t.clone()
    torch.nn.utils.clip_grad_norm_([t], limit)
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="limit the gradient, not the tensor"
def limit_gradient(t, limit):       # tf.clip_by_norm on the values of the forward pass
    return t * (limit / t.norm()).clamp(max=1)

# %% exercise="limit_gradient" verdict="wrong" says="it must pass as it is"
def limit_gradient(t, limit):       # normalises: every gradient gets the norm of the limit
    passed = t.clone()
    passed.register_hook(lambda g: g * limit / g.norm())
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="no way back to t"
def limit_gradient(t, limit):       # a detached leaf has hooks too, but no path
    passed = t.detach().requires_grad_()
    passed.register_hook(lambda g: g * (limit / g.norm()).clamp(max=1))
    return passed.detach()

# %% exercise="limit_gradient" verdict="right"
# a torch.autograd.Function with the limit in its context
class _Limit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t, limit):
        ctx.limit = limit
        return t.clone()

    @staticmethod
    def backward(ctx, grad_output):
        norm = grad_output.norm()
        return torch.where(norm > ctx.limit, grad_output * (ctx.limit / norm), grad_output), None


def limit_gradient(t, limit):
    return _Limit.apply(t, limit)

# %% exercise="limit_gradient" verdict="right"
# a hook on a view; returns nothing where the gradient is small enough
def limit_gradient(t, limit):
    passed = t.view_as(t)

    def shorten(g):
        norm = torch.linalg.vector_norm(g)
        if norm > limit:
            return g * (limit / norm)

    passed.register_hook(shorten)
    return passed

# %% exercise="limit_gradient" verdict="right"
# times one makes a node of its own; divides by what the norm exceeds the limit
def limit_gradient(t, limit):
    passed = t * 1
    passed.register_hook(lambda g: g / (g.norm() / limit).clamp(min=1))
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="nan comes from dividing by its norm"
# a smaller one passes as it is - a gradient of zeros becomes 0/0, nan
def limit_gradient(t, limit):
    passed = t.clone()
    passed.register_hook(lambda g: g / g.norm() * g.norm().clamp(max=limit))
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="not row by row"
# its norm (over all entries) - each row is limited for itself
def limit_gradient(t, limit):
    passed = t.clone()
    passed.register_hook(lambda g: g * (limit / g.norm(dim=-1, keepdim=True)).clamp(max=1))
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="scaled in place: others may hold"
# Other uses of t keep their gradients - scales the incoming gradient in place, and autograd may hand the same tensor to another path
def limit_gradient(t, limit):
    passed = t.clone()

    def shorten(g):
        g *= (limit / g.norm()).clamp(max=1)

    passed.register_hook(shorten)
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="a second backward pass was not"
# A gradient that flows back through it is scaled - the hook takes itself off after the first backward, a second one is not limited
def limit_gradient(t, limit):
    passed = t.clone()

    def shorten(g):
        handle.remove()
        return g * (limit / g.norm()).clamp(max=1)

    handle = passed.register_hook(shorten)
    return passed

# %% exercise="limit_gradient" verdict="wrong" says="add nothing to the norm"
# a smaller one passes as it is - clip_grad_norm_'s formula with 1e-6 below the line shortens small gradients where limit is small, too
def limit_gradient(t, limit):
    passed = t.clone()
    passed.register_hook(lambda g: g * (limit / (g.norm() + 1e-6)).clamp(max=1))
    return passed

# %% exercise="masked_mean" verdict="right"
# writes zeros through the mask into a clone: writing asks for no value
def masked_mean(batch, lengths):
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    kept = batch.clone()
    kept[~mask] = 0
    return kept.sum(dim=1) / lengths[:, None]

# %% exercise="masked_mean" verdict="wrong" says="a value was read"
# read no value: one slice per sequence, by a Python loop over the lengths
def masked_mean(batch, lengths):
    return torch.stack([row[:n].mean(dim=0) for row, n in zip(batch, lengths.tolist())])

# %% exercise="masked_mean" verdict="wrong" says="expected torch.float64 on"
# in the batch's dtype: computes in float32 whatever comes
def masked_mean(batch, lengths):
    mask = torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
    return torch.where(mask[:, :, None], batch.float(), 0).sum(dim=1) / lengths[:, None].float()

# %% exercise="last_hidden" verdict="wrong" says="no gradient reaches some sequence"
# gradients flow to the sequences: packs them under no_grad
def last_hidden(rnn, sequences):
    with torch.no_grad():
        packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    return rnn(packed)[1][-1]
