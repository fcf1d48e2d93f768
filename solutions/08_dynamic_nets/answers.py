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

# %% exercise="last_hidden" verdict="wrong" says="the states of both layers"
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
