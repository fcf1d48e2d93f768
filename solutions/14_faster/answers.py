# %% exercise="count_graphs" verdict="right"
def count_graphs(function, *args):          # explain counts them
    return torch._dynamo.explain(function)(*args).graph_count

# %% exercise="count_graphs" verdict="right"
def count_graphs(function, *args):          # a class as backend, running the graph itself
    class Counter:
        count = 0

        def __call__(self, graph, example):
            self.count += 1
            return lambda *inputs: graph(*inputs)

    counter = Counter()
    torch.compiler.reset()
    with torch.no_grad():
        torch.compile(backend=counter)(function)(*args)
    return counter.count

# %% exercise="count_graphs" verdict="right"
def count_graphs(function, *args):          # an iterator that moves on with each graph
    numbers = iter(range(1, 10_000))
    last = [0]

    def backend(graph, example):
        last[0] = next(numbers)
        return graph

    torch.compile(function, backend=backend, dynamic=False)(*args)
    return last[-1]

# %% exercise="count_graphs" verdict="wrong" says="a function is compiled when it is called"
def count_graphs(function, *args):          # tf.function habit gone astray: compiling is not calling
    graphs = []

    def note(graph, example):
        graphs.append(graph)
        return graph.forward

    torch.compile(function, backend=note)
    return len(graphs)

# %% exercise="count_graphs" verdict="wrong" says="three is the number of operations"
def count_graphs(function, *args):          # counts the nodes of each graph
    nodes = []

    def note(graph, example):
        nodes.extend(node for node in graph.graph.nodes if node.op.startswith("call"))
        return graph.forward

    torch.compile(function, backend=note)(*args)
    return len(nodes)

# %% exercise="count_graphs" verdict="wrong" says="nothing was captured"
def count_graphs(function, *args):          # the number of breaks, one less
    return torch._dynamo.explain(function)(*args).graph_break_count

# %% exercise="count_graphs" verdict="wrong" says="return an int, got list"
def count_graphs(function, *args):          # hands out the graphs
    graphs = []

    def note(graph, example):
        graphs.append(graph)
        return graph.forward

    torch.compile(function, backend=note)(*args)
    return graphs

# %% exercise="count_graphs" verdict="wrong" says="this is the number of breaks, or the first graph alone"
def count_graphs(function, *args):          # says whether, not how many
    graphs = set()

    def note(graph, example):
        graphs.add("captured")
        return graph.forward

    torch.compile(function, backend=note)(*args)
    return len(graphs)

# %% exercise="count_graphs" verdict="wrong" says="count_graphs stopped with Unsupported"
def count_graphs(function, *args):          # wants one graph or none
    graphs = []

    def note(graph, example):
        graphs.append(graph)
        return graph.forward

    torch.compile(function, backend=note, fullgraph=True)(*args)
    return len(graphs)

# %% exercise="count_graphs" verdict="wrong" says="call the function once"
def count_graphs(function, *args):          # warms up first, as for a timing
    graphs = []

    def note(graph, example):
        graphs.append(graph)
        return graph.forward

    function(*args)
    torch.compile(function, backend=note)(*args)
    return len(graphs)

# %% exercise="saved_bytes" verdict="right"
def saved_bytes(function, *args):          # nbytes knows both
    total = 0

    def pack(tensor):
        nonlocal total
        total += tensor.nbytes
        return tensor

    def unpack(kept):
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        function(*args)
    return total

# %% exercise="saved_bytes" verdict="right"
def saved_bytes(function, *args):          # a table of shapes and dtypes, weighed afterwards
    import math

    noted = []
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: noted.append((tuple(tensor.shape), tensor.dtype)) or tensor, lambda tensor: tensor)
    with hooks:
        function(*args)
    return sum(math.prod(shape) * dtype.itemsize for shape, dtype in noted)

# %% exercise="saved_bytes" verdict="right"
def saved_bytes(function, *args):          # what is kept is a stand-in
    class Weight:
        def __init__(self, tensor):
            self.tensor = tensor
            weights.append(tensor.element_size() * len(tensor.reshape(-1)))

    weights = []
    with torch.autograd.graph.saved_tensors_hooks(Weight, lambda weight: weight.tensor):
        function(*args)
    return int(sum(weights))

# %% exercise="saved_bytes" verdict="wrong" says="ten is the number of elements"
def saved_bytes(function, *args):          # forgets that an element has a size
    sizes = []

    def pack(tensor):
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        function(*args)
    return sum(sizes)

# %% exercise="saved_bytes" verdict="wrong" says="one is the number of tensors"
def saved_bytes(function, *args):          # counts tensors
    kept = []

    def pack(tensor):
        kept.append(1)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(*args)
    return len(kept)

# %% exercise="saved_bytes" verdict="wrong" says="10 float64 numbers are 80 bytes"
def saved_bytes(function, *args):          # all floats are float32, as in Keras
    sizes = []

    def pack(tensor):
        sizes.append(4 * tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        function(*args)
    return sum(sizes)

# %% exercise="saved_bytes" verdict="wrong" says="an addition keeps nothing"
def saved_bytes(function, *args):          # weighs the result: a tape keeps what comes out
    out = function(*args)
    return out.numel() * out.element_size()

# %% exercise="saved_bytes" verdict="wrong" says="keeps x twice, and twice it counts"
def saved_bytes(function, *args):          # counts each memory once
    sizes = {}

    def pack(tensor):
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        function(*args)
    return sum(sizes.values())

# %% exercise="saved_bytes" verdict="wrong" says="return an int, got Tensor"
def saved_bytes(function, *args):          # a tensor of bytes
    sizes = []

    def pack(tensor):
        sizes.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        function(*args)
    return torch.tensor(sizes).sum()

# %% exercise="saved_bytes" verdict="wrong" says="12 of the storage's 48 numbers"
def saved_bytes(function, *args):          # weighs the whole storage of a slice
    sizes = []

    def pack(tensor):
        sizes.append(tensor.untyped_storage().nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        function(*args)
    return sum(sizes)

# %% exercise="limited" verdict="right"
def limited(x, most):          # where, the root taken of something that is never 0
    squares = (x * x).sum()
    is_long = squares > most * most
    length = torch.where(is_long, squares, torch.ones_like(squares)).sqrt()
    return torch.where(is_long, most / length, torch.ones_like(squares)) * x

# %% exercise="limited" verdict="right"
def limited(x, most):          # rsqrt of a maximum
    floor = torch.full((), most**2, dtype=x.dtype, device=x.device)
    return x.mul(most).mul(torch.rsqrt(torch.maximum(torch.sum(x**2), floor)))

# %% exercise="limited" verdict="right"
def limited(x, most):          # in units of the limit
    ratio = (x / most).pow(2).sum()
    return x / (1 + torch.relu(ratio - 1)) ** 0.5

# %% exercise="limited" verdict="wrong" says="Python must not ask for a value"
def limited(x, most):          # fast-one-graph: the branch that AutoGraph would have rewritten
    length = x.square().sum().sqrt()
    if length > most:
        return x * (most / length)
    return x

# %% exercise="limited" verdict="wrong" says="stretched to 1: leave it"
def limited(x, most):          # scales every tensor to the limit
    return x * most / x.square().sum().sqrt()

# %% exercise="limited" verdict="wrong" says="each entry was clamped"
def limited(x, most):          # clip_by_value for clip_by_norm
    return x.clamp(min=-most, max=most)

# %% exercise="limited" verdict="wrong" says="each row was limited"
def limited(x, most):          # Keras's max_norm constraint works by axis
    return x * most / x.square().sum(-1, keepdim=True).clamp(min=most**2).sqrt()

# %% exercise="limited" verdict="wrong" says="the factor was cut off its graph"
def limited(x, most):          # detaches the factor, as clipping gradients does
    return x * most / x.square().sum().clamp(min=most**2).sqrt().detach()

# %% exercise="limited" verdict="wrong" says="the gradient at zeros is nan"
def limited(x, most):          # clamps after the root, whose slope at 0 is infinite
    return x * most / x.square().sum().sqrt().clamp(min=most)

# %% exercise="limited" verdict="wrong" says="took 3 graphs: Python"
def limited(x, most):          # reads the length, and computes with a number
    length = float(x.square().sum().clamp(min=most**2))
    return x * most * length**-0.5

# %% exercise="train_epoch" verdict="right"
def train_epoch(model, batches, loss_fn, optimizer):          # collects, and makes one mean of it
    losses, sizes = [], []
    model.train(True)
    for x, y in batches:
        model.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(x.shape[0])
    return sum(loss * (size / sum(sizes)) for loss, size in zip(losses, sizes))

# %% exercise="train_epoch" verdict="right"
def train_epoch(model, batches, loss_fn, optimizer):          # a running mean under no_grad
    model.train()
    mean, seen = None, 0
    for x, y in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(model(x), y)
        loss.backward()
        with torch.no_grad():
            seen += len(y)
            mean = loss.clone() if mean is None else mean + (loss - mean) * (len(y) / seen)
        optimizer.step()
    return mean.detach()

# %% exercise="train_epoch" verdict="right"
def train_epoch(model, batches, loss_fn, optimizer):          # gradients by autograd.grad, one stacked sum
    parameters = [p for p in model.parameters() if p.requires_grad]
    totals, count = [], 0
    for part in model.modules():
        part.training = True
    for x, y in batches:
        loss = loss_fn(model(x), y)
        for p, slope in zip(parameters, torch.autograd.grad(loss, parameters)):
            p.grad = slope
        optimizer.step()
        totals.append(len(x) * loss.data)
        count += len(x)
    return torch.stack(totals).sum() / count

# %% exercise="train_epoch" verdict="wrong" says="return a tensor, got float"
def train_epoch(model, batches, loss_fn, optimizer):          # fast-item-waits: the history of floats
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(x), count + len(x)
    return total / count

# %% exercise="train_epoch" verdict="wrong" says="a value was read"
def train_epoch(model, batches, loss_fn, optimizer):          # reads each step, hands a tensor out
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(x), count + len(x)
    return torch.tensor(total / count, device=x.device)

# %% exercise="train_epoch" verdict="wrong" says="the mean of the batches' means"
def train_epoch(model, batches, loss_fn, optimizer):          # every batch counts the same
    model.train()
    losses = []
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).mean()

# %% exercise="train_epoch" verdict="wrong" says="still hangs on the graphs"
def train_epoch(model, batches, loss_fn, optimizer):          # loss-item-accumulate: sums losses with their graphs
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss * len(x), count + len(x)
    return total / count

# %% exercise="train_epoch" verdict="wrong" says="a sum over the examples"
def train_epoch(model, batches, loss_fn, optimizer):          # forgets to divide
    model.train()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + loss.detach() * len(x)
    return total

# %% exercise="train_epoch" verdict="wrong" says="clear gradients per step"
def train_epoch(model, batches, loss_fn, optimizer):          # gradients add up, as no tape's do
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total, count = total + loss.detach() * len(x), count + len(x)
    return total / count

# %% exercise="train_epoch" verdict="wrong" says="train in training mode"
def train_epoch(model, batches, loss_fn, optimizer):          # fit() habit: somebody sets the mode
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.detach() * len(x), count + len(x)
    return total / count

# %% exercise="train_epoch" verdict="wrong" says="no weight has moved"
def train_epoch(model, batches, loss_fn, optimizer):          # backward, and no step
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        total, count = total + loss.detach() * len(x), count + len(x)
    return total / count

# %% exercise="in_parts" verdict="right"
def in_parts(step, x, size):          # a flag, and the retry after the block
    results, rest = [], x
    while rest.shape[0]:
        failed = False
        try:
            result = step(rest[:size])
        except torch.OutOfMemoryError:
            failed = True
            if size < 2:
                raise
        if failed:
            size = size // 2
        else:
            results.append(result)
            rest = rest[size:]
    return results, size

# %% exercise="in_parts" verdict="right"
def in_parts(step, x, size):          # a helper that answers None where it does not fit
    def fitting(part):
        try:
            return step(part)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        return None

    results = []
    start = 0
    while start != len(x):
        end = min(start + size, len(x))
        result = fitting(x[start:end])
        if result is None:
            size >>= 1
            continue
        results.append(result)
        start = end
    return results, size

# %% exercise="in_parts" verdict="right"
def in_parts(step, x, size):          # goes on by itself with the rows that are left
    def go_on(rows, size):
        if not len(rows):
            return [], size
        first = []
        try:
            first.append(step(rows[:size]))
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        if not first:
            return go_on(rows, size // 2)
        others, last = go_on(rows[size:], size)
        return first + others, last

    return go_on(x, size)

# %% exercise="in_parts" verdict="wrong" says="was the failed step's memory held"
def in_parts(step, x, size):          # fast-out-of-memory: tries again inside the except block
    results, done = [], 0
    while done < len(x):
        try:
            results.append(step(x[done : done + size]))
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            more, size = in_parts(step, x[done:], size // 2)
            return results + more, size
        done += size
    return results, size

# %% exercise="in_parts" verdict="wrong" says="step raised a RuntimeError, and it was swallowed"
def in_parts(step, x, size):          # catches what comes
    results, done = [], 0
    while done < len(x):
        part = x[done : done + size]
        try:
            results.append(step(part))
            done += len(part)
        except RuntimeError:
            if size == 1:
                raise
            size //= 2
    return results, size

# %% exercise="in_parts" verdict="wrong" says="the smaller size holds"
def in_parts(step, x, size):          # tries the large size again for every part
    results, done, now = [], 0, size
    while done < len(x):
        part = x[done : done + now]
        try:
            results.append(step(part))
            done += len(part)
            now = size
        except torch.OutOfMemoryError:
            if now == 1:
                raise
            now //= 2
    return results, now

# %% exercise="in_parts" verdict="wrong" says="the last part has one row, and was left out"
def in_parts(step, x, size):          # drop_last
    results, done = [], 0
    while done + size <= len(x):
        try:
            results.append(step(x[done : done + size]))
            done += size
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size //= 2
    return results, size

# %% exercise="in_parts" verdict="wrong" says="not even one row fits"
def in_parts(step, x, size):          # gives back what it has, and says nothing
    results, done = [], 0
    while done < len(x) and size:
        part = x[done : done + size]
        try:
            results.append(step(part))
            done += len(part)
        except torch.OutOfMemoryError:
            size //= 2
    return results, size

# %% exercise="in_parts" verdict="wrong" says="two sizes fail before one fits"
def in_parts(step, x, size):          # halves once
    try:
        results = [step(part) for part in x.split(size)]
    except torch.OutOfMemoryError:
        results = None
    if results is None and size > 1:
        size //= 2
        results = []
        for part in x.split(size):
            try:
                results.append(step(part))
            except torch.OutOfMemoryError:
                return results, size
    return results, size

# %% exercise="in_parts" verdict="wrong" says="halve, one size after the other"
def in_parts(step, x, size):          # a row less each time
    results, done = [], 0
    while done < len(x):
        part = x[done : done + size]
        try:
            results.append(step(part))
            done += len(part)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size -= 1
    return results, size

# %% exercise="bucketed" verdict="right"
def bucketed(function, sizes):          # a buffer of zeros that the rows are written into
    ladder = sorted(sizes)

    def call(x):
        parts, start = [], 0
        while start < len(x):
            left = len(x) - start
            size = next((rung for rung in ladder if rung >= left), ladder[-1])
            count = min(size, left)
            rows = torch.zeros(size, *x.shape[1:], dtype=x.dtype, device=x.device)
            rows = torch.cat([x[start : start + count], rows[count:]])
            parts.append(function(rows)[:count])
            start += count
        return torch.cat(parts, dim=0)

    return call

# %% exercise="bucketed" verdict="right"
def bucketed(function, sizes):          # a class that calls, one piece after the other by itself
    class Call:
        def __call__(self, x):
            largest = max(sizes)
            if len(x) > largest:
                return torch.cat([self(x[:largest]), self(x[largest:])])
            missing = min(size - len(x) for size in sizes if size - len(x) >= 0)
            if missing:
                filling = torch.zeros_like(x[:1]).expand(missing, *x.shape[1:])
                return function(torch.cat([x, filling]))[:-missing]
            return function(x)

    return Call()

# %% exercise="bucketed" verdict="right"
def bucketed(function, sizes):          # pad along the first axis, by bisection
    import bisect

    steps = sorted(set(sizes))

    def filled(piece):
        rows = piece.shape[0]
        more = steps[bisect.bisect_left(steps, rows)] - rows
        padding = [0, 0] * (piece.dim() - 1) + [0, more]
        return function(nn.functional.pad(piece, padding)).narrow(0, 0, rows)

    return lambda x: torch.cat([filled(piece) for piece in torch.split(x, steps[-1])])

# %% exercise="bucketed" verdict="wrong" says="rows that were filled in are not cut off"
def bucketed(function, sizes):          # padded_batch, and nobody cuts
    def call(x):
        results = []
        for piece in x.split(max(sizes)):
            size = min(size for size in sizes if size >= len(piece))
            filling = piece.new_zeros(size - len(piece), *piece.shape[1:])
            results.append(function(torch.cat([piece, filling])))
        return torch.cat(results)

    return call

# %% exercise="bucketed" verdict="wrong" says="3 rows are computed as 4"
def bucketed(function, sizes):          # always up to the largest
    def call(x):
        results = []
        for piece in x.split(max(sizes)):
            filling = piece.new_zeros(max(sizes) - len(piece), *piece.shape[1:])
            results.append(function(torch.cat([piece, filling]))[: len(piece)])
        return torch.cat(results)

    return call

# %% exercise="bucketed" verdict="wrong" says="sizes may stand in any order"
def bucketed(function, sizes):          # takes the first that holds the rows
    def call(x):
        results = []
        for piece in x.split(max(sizes)):
            size = next(size for size in sizes if size >= len(piece))
            filling = piece.new_zeros(size - len(piece), *piece.shape[1:])
            results.append(function(torch.cat([piece, filling]))[: len(piece)])
        return torch.cat(results)

    return call

# %% exercise="bucketed" verdict="wrong" says="no gradient flows from the result"
def bucketed(function, sizes):          # a server needs no gradient
    def call(x):
        results = []
        with torch.inference_mode():
            for piece in x.split(max(sizes)):
                size = min(size for size in sizes if size >= len(piece))
                filling = piece.new_zeros(size - len(piece), *piece.shape[1:])
                results.append(function(torch.cat([piece, filling]))[: len(piece)])
            return torch.cat(results)

    return call

# %% exercise="bucketed" verdict="wrong" says="is not in sizes: fill up"
def bucketed(function, sizes):          # pieces only, nothing filled: many shapes
    def call(x):
        return torch.cat([function(piece) for piece in x.split(max(sizes))])

    return call

# %% exercise="bucketed" verdict="wrong" says="the filling is rows of zeros"
def bucketed(function, sizes):          # repeats the last row
    def call(x):
        results = []
        for piece in x.split(max(sizes)):
            size = min(size for size in sizes if size >= len(piece))
            filling = [piece[-1:]] * (size - len(piece))
            results.append(function(torch.cat([piece, *filling]))[: len(piece)])
        return torch.cat(results)

    return call

# %% exercise="bucketed" verdict="wrong" says="the caller's list of sizes was changed"
def bucketed(function, sizes):          # sorts what is not his
    sizes.sort()

    def call(x):
        results = []
        for piece in x.split(sizes[-1]):
            size = next(size for size in sizes if size >= len(piece))
            filling = piece.new_zeros(size - len(piece), *piece.shape[1:])
            results.append(function(torch.cat([piece, filling]))[: len(piece)])
        return torch.cat(results)

    return call
