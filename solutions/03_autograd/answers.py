# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # the functional call: nothing is ever written into a .grad
    own = x.detach().clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(f(own), own)
    return gradient

# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # torch.func: a function in, its gradient function out
    return torch.func.grad(f)(x.detach())

# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # borrows the caller's leaf and puts back what it found
    marked, kept = x.requires_grad, x.grad
    x.grad = None
    x.requires_grad_(True)
    f(x).backward()
    result = x.grad
    x.grad = kept
    x.requires_grad_(marked)
    return result

# %% exercise="grad_of" verdict="right"
# torch.func.grad on a detached x, result detached: plain values, x untouched
def grad_of(f, x):
    return torch.func.grad(f)(x.detach()).detach()

# %% exercise="grad_of" verdict="right"
# borrows the caller's x: marks it if needed, autograd.grad writes no .grad, the mark is restored afterwards
def grad_of(f, x):
    was_marked = x.requires_grad
    if not was_marked:
        x.requires_grad_(True)
    try:
        return torch.autograd.grad(f(x), x)[0]
    finally:
        if not was_marked:
            x.requires_grad_(False)

# %% exercise="grad_of" verdict="right"
# Jacobian of a scalar function is its gradient; functional.jacobian detaches input and output
def grad_of(f, x):
    return torch.autograd.functional.jacobian(f, x)

# %% exercise="grad_of" verdict="wrong" says="adds up over calls"
def grad_of(f, x):          # trap grad-accumulates: marks and reuses the caller's x
    x.requires_grad_()
    f(x).backward()
    return x.grad.clone()

# %% exercise="grad_of" verdict="wrong" says="both calls returned the same tensor"
def grad_of(f, x):          # trap grad-accumulates: zeroes as the old guides do, and returns .grad itself
    x.requires_grad_()
    if x.grad is not None:
        x.grad.zero_()
    f(x).backward()
    return x.grad

# %% exercise="grad_of" verdict="wrong" says="does not require grad"
def grad_of(f, x):          # no-grad: wraps the call as one would stop a tape from recording
    x = x.detach().requires_grad_()
    with torch.no_grad():
        value = f(x)
    value.backward()
    return x.grad

# %% exercise="grad_of" verdict="wrong" says="is 3 x**2"
def grad_of(f, x):          # reverse-mode: one-sided differences instead of a backward pass
    base, step = x.detach(), 1e-3
    result = torch.empty_like(base)
    for i in range(base.numel()):
        moved = base.clone()
        moved.view(-1)[i] += step
        result.view(-1)[i] = (f(moved) - f(base)) / step
    return result

# %% exercise="grad_of" verdict="wrong" says="expected a tensor, got tuple"
def grad_of(f, x):          # tape-vs-backward: autograd.grad returns a tuple, as tape.gradient does for a list
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x)

# %% exercise="grad_of" verdict="wrong" says="which the caller's x carried was changed"
# leaving the caller's x as it was; tidies up by unmarking and clearing, so an x that came marked and with a .grad
# loses both
def grad_of(f, x):
    x.requires_grad_()
    x.grad = None
    f(x).backward()
    g = x.grad.clone()
    x.grad = None
    x.requires_grad_(False)
    return g

# %% exercise="grad_of" verdict="wrong" says="x came marked and with"
# leaving the caller's x as it was; clone without detach is no leaf where x is marked, so backward writes into the
# caller's .grad and None comes back
def grad_of(f, x):
    own = x.clone().requires_grad_()
    f(own).backward()
    return own.grad

# %% exercise="grad_of" verdict="wrong" says="still hangs on a graph"
# as plain values without a graph; create_graph was copied from the second-derivative cell
def grad_of(f, x):
    own = x.detach().clone().requires_grad_()
    (g,) = torch.autograd.grad(f(own), own, create_graph=True)
    return g

# %% exercise="grad_of" verdict="wrong" says="result hangs on its graph"
# plain values without a graph; torch.func.grad stays on the graph of a marked x or of a marked weight inside f
def grad_of(f, x):
    return torch.func.grad(f)(x)

# %% exercise="grad_of" verdict="wrong" says="it records from now on"
# leaving the caller's x as it was; it stays marked after the call
def grad_of(f, x):
    x.requires_grad_()
    return torch.autograd.grad(f(x), x)[0]

# %% exercise="running_loss" verdict="right"
def running_loss(steps):          # detached tensors, one number at the end
    total, examples = 0.0, 0
    for loss, size in steps:
        total = total + loss.detach().double() * size
        examples += size
    return float(total / examples)

# %% exercise="running_loss" verdict="right"
def running_loss(steps):          # numbers in a list, NumPy for the mean
    pairs = [(float(loss), size) for loss, size in steps]
    return float(np.average([value for value, _ in pairs], weights=[size for _, size in pairs]))

# %% exercise="running_loss" verdict="right"
def running_loss(steps):          # the mean moved along, nothing summed up
    mean, seen = 0.0, 0
    for loss, size in steps:
        seen += size
        mean += (loss.item() - mean) * size / seen
    return mean

# %% exercise="running_loss" verdict="right"
# functools.reduce over plain numbers; reduce holds at most the last pair
def running_loss(steps):
    import functools
    total, count = functools.reduce(lambda acc, pair: (acc[0] + pair[0].item() * pair[1], acc[1] + pair[1]), steps, (0.0, 0))
    return total / count

# %% exercise="running_loss" verdict="right"
# running mean, updated with plain floats
def running_loss(steps):
    mean, seen = 0.0, 0
    for loss, size in steps:
        seen += size
        mean += (float(loss.detach()) - mean) * size / seen
    return mean

# %% exercise="running_loss" verdict="wrong" says="of type float, got Tensor"
def running_loss(steps):          # trap loss-sum: sums tensors and returns one
    total, examples = 0.0, 0
    for loss, size in steps:
        total += loss * size
        examples += size
    return total / examples

# %% exercise="running_loss" verdict="wrong" says="divided by the number of batches"
def running_loss(steps):          # weighs the losses and forgets what they are weighed against
    values = [loss.item() * size for loss, size in steps]
    return sum(values) / len(values)

# %% exercise="running_loss" verdict="wrong" says="of type float, got float64"
def running_loss(steps):          # detach-cpu-numpy: NumPy's numbers look like floats
    total = examples = 0
    for loss, size in steps:
        total = total + loss.detach().cpu().numpy() * size
        examples += size
    return total / examples

# %% exercise="running_loss" verdict="wrong" says="every step's graph hangs on it"
# nothing of the pairs before the last one may be alive, neither losses nor graphs; the sum is recorded and only
# its end is turned into a float
def running_loss(steps):
    total, count = 0.0, 0
    for loss, size in steps:
        total = total + loss * size
        count += size
    return (total / count).item()

# %% exercise="running_loss" verdict="wrong" says="weighs every batch alike"
# the mean loss per example; weighs every batch alike, as the habit of averaging the epoch's losses does
def running_loss(steps):
    values = [loss.item() for loss, size in steps]
    return sum(values) / len(values)

# %% exercise="running_loss" verdict="wrong" says="are alive in a list"
# nothing of the pairs before the last one may be alive; the list keeps all pairs while they are made
def running_loss(steps):
    steps = list(steps)
    count = sum(size for _, size in steps)
    return sum(loss.item() * size for loss, size in steps) / count

# %% exercise="running_loss" verdict="wrong" says="the caller's loss was detached itself"
# The losses themselves stay usable; detach_ cuts the caller's loss off its graph
def running_loss(steps):
    total, count = 0.0, 0
    for loss, size in steps:
        loss.detach_()
        total += loss.item() * size
        count += size
    return total / count

# %% exercise="running_loss" verdict="wrong" says="loss has another value now"
# The losses themselves stay usable; detach shares memory, so *= and += overwrite the caller's losses
def running_loss(steps):
    total, count = None, 0
    for loss, size in steps:
        value = loss.detach()
        value *= size
        total = value if total is None else total + value
        count += size
    return (total / count).item()

# %% exercise="train_linear" verdict="right"
def train_linear(x, y, lr, steps):          # gradients as return values: no .grad, nothing to clear
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.mse_loss(x @ w + b, y)
        losses.append(float(loss))
        slopes = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w.sub_(lr * slopes[0])
            b.sub_(lr * slopes[1])
    return w, b, losses

# %% exercise="train_linear" verdict="right"
def train_linear(x, y, lr, steps):          # new tensors in each step, marked anew
    w = torch.zeros_like(x[0]).requires_grad_()
    b = torch.zeros_like(y[0], dtype=x.dtype).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = ((x @ w + b - y) ** 2).sum() / len(y)
        losses.append(loss.item())
        loss.backward()
        w = (w - lr * w.grad).detach().requires_grad_()
        b = (b - lr * b.grad).detach().requires_grad_()
    return w, b, losses

# %% exercise="train_linear" verdict="right"
def train_linear(x, y, lr, steps):          # torch's own optimizer does update and clearing
    w, b = [torch.nn.Parameter(torch.zeros(shape, dtype=x.dtype, device=x.device)) for shape in ((x.size(1),), ())]
    optimizer, losses = torch.optim.SGD([w, b], lr=lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.mean((torch.mv(x, w) + b - y) ** 2)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return w.detach().requires_grad_(), b.detach().requires_grad_(), losses

# %% exercise="train_linear" verdict="right"
# torch.func.grad_and_value on detached data, new leaves at the end
def train_linear(x, y, lr, steps):
    x, y = x.detach(), y.detach()
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    step = torch.func.grad_and_value(lambda w, b: ((x @ w + b - y) ** 2).mean(), argnums=(0, 1))
    losses = []
    for _ in range(steps):
        (gw, gb), loss = step(w, b)
        losses.append(loss.item())
        w, b = w - lr * gw, b - lr * gb
    return w.detach().requires_grad_(), b.detach().requires_grad_(), losses

# %% exercise="train_linear" verdict="right"
# gradients by hand under no_grad, marked from the start, updated in place
def train_linear(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, device=x.device, requires_grad=True)
    losses = []
    with torch.no_grad():
        for _ in range(steps):
            error = x @ w + b - y
            losses.append(float(error.square().mean()))
            w.sub_(x.mT @ error, alpha=2 * lr / len(y))
            b.sub_(error.mean(), alpha=2 * lr)
    return w, b, losses

# %% exercise="train_linear" verdict="right"
# autograd.grad and fresh detached leaves in each step: nothing accumulates
def train_linear(x, y, lr, steps):
    pair = [torch.zeros(shape, dtype=x.dtype, device=x.device).requires_grad_() for shape in (x.shape[1:], ())]
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.mse_loss(x @ pair[0] + pair[1], y)
        losses.append(loss.item())
        pair = [(p - lr * g).detach().requires_grad_() for p, g in zip(pair, torch.autograd.grad(loss, pair))]
    return pair[0], pair[1], losses

# %% exercise="train_linear" verdict="wrong" says="made a recorded result of it"
def train_linear(x, y, lr, steps):          # trap rebind: w = w - ... outside no_grad
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        slopes = torch.autograd.grad(loss, (w, b))
        w = w - lr * slopes[0]
        b = b - lr * slopes[1]
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="a tensor keeps its graph"
def train_linear(x, y, lr, steps):          # trap loss-sum: collects the losses with their graphs
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss)
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="the sum of the squared errors"
def train_linear(x, y, lr, steps):          # the running example's summed error instead of the mean
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="was .grad cleared before the update"
def train_linear(x, y, lr, steps):          # backward-before-step: clears between backward and update
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p.grad.zero_()
                p -= lr * p.grad
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says=".grad adds up until it is cleared"
# steps of gradient descent; .grad is never cleared, so from the second step on the sum of all gradients is used
def train_linear(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, device=x.device, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = ((x @ w + b - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="an n by n table"
# the mean squared error of x @ w + b; a column minus a flat y is an n by n table, as from a Dense(1)
def train_linear(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, device=x.device, requires_grad=True)
    losses = []
    for _ in range(steps):
        prediction = x @ w.unsqueeze(1) + b
        loss = ((prediction - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad = b.grad = None
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="got Float, Double, and Float"
# of x's dtype and on its device; zeros is float32 on the CPU
def train_linear(x, y, lr, steps):
    w, b = torch.zeros(x.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = ((x @ w + b - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad = b.grad = None
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="has lost its mark"
# still marked leaves so that training can go on; the names are bound to new tensors under no_grad and marked again
# only at the top of the next step
def train_linear(x, y, lr, steps):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    losses = []
    for _ in range(steps):
        w.requires_grad_()
        b.requires_grad_()
        loss = ((x @ w + b - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w = w - lr * w.grad
            b = b - lr * b.grad
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="before any update"
# the loss of each step, recorded before the update; here the loss is computed again after it
def train_linear(x, y, lr, steps):
    w = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, device=x.device, requires_grad=True)
    losses = []
    for _ in range(steps):
        ((x @ w + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
            losses.append(((x @ w + b - y) ** 2).mean().item())
        w.grad = b.grad = None
    return w, b, losses

# %% exercise="step_in_parts" verdict="right"
def step_in_parts(parameters, loss_of, parts, lr):          # sums returned gradients, never touches .grad but to clear it
    live = [p for p in parameters if p.requires_grad]
    slopes, total = [torch.zeros_like(p) for p in live], 0.0
    for part in parts:
        loss = loss_of(part)
        for slope, g in zip(slopes, torch.autograd.grad(loss, live)):
            slope += g
        total += loss.item()
    with torch.no_grad():
        for p, slope in zip(live, slopes):
            p.sub_(slope, alpha=lr)
    for p in parameters:
        p.grad = None
    return total

# %% exercise="step_in_parts" verdict="right"
def step_in_parts(parameters, loss_of, parts, lr):          # the optimizer's clearing and update around the loop
    optimizer = torch.optim.SGD(parameters, lr=lr)
    optimizer.zero_grad()
    values = []
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        values.append(loss.detach())
        del loss
    optimizer.step()
    optimizer.zero_grad()
    return float(sum(values))

# %% exercise="step_in_parts" verdict="right"
def step_in_parts(parameters, loss_of, parts, lr):          # gradients as zeros from the start, updates through detach()
    parameters = list(parameters)
    for p in parameters:
        p.grad = torch.zeros_like(p) if p.requires_grad else None

    def walk_back(part):
        loss = loss_of(part)
        loss.backward()
        return loss.item()

    total = sum(map(walk_back, parts))
    for p in filter(lambda p: p.grad is not None, parameters):
        p.detach().sub_(lr * p.grad)
        p.grad = None
    return float(total)

# %% exercise="step_in_parts" verdict="right"
# autograd.grad into sums of its own; .grad is only ever set to None
def step_in_parts(parameters, loss_of, parts, lr):
    parameters = list(parameters)
    live = [p for p in parameters if p.requires_grad]
    sums = [torch.zeros_like(p) for p in live]

    def work(part):
        loss = loss_of(part)
        if live and loss.requires_grad:
            for s, g in zip(sums, torch.autograd.grad(loss, live, allow_unused=True)):
                if g is not None:
                    s += g
        return loss.item()

    total = 0.0
    for part in parts:
        total += work(part)
    with torch.no_grad():
        for p, s in zip(live, sums):
            p -= lr * s
    for p in parameters:
        p.grad = None
    return total

# %% exercise="step_in_parts" verdict="right"
# torch.optim.SGD over the same tensors: zero_grad, backward per part, one step, zero_grad
def step_in_parts(parameters, loss_of, parts, lr):
    optimizer = torch.optim.SGD(list(parameters), lr=lr)

    def walk(part):
        loss = loss_of(part)
        loss.backward()
        return float(loss.detach())

    optimizer.zero_grad(set_to_none=True)
    total = sum(map(walk, parts), 0.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total

# %% exercise="step_in_parts" verdict="right"
# whole function under no_grad, only loss and backward recorded; update by copy_
@torch.no_grad()
def step_in_parts(parameters, loss_of, parts, lr):
    parameters = [*parameters]
    for p in parameters:
        p.grad = None
    values = []
    for part in parts:
        with torch.enable_grad():
            loss = loss_of(part)
            values.append(loss.item())
            loss.backward()
        del loss
    for p in parameters:
        if p.requires_grad and p.grad is not None:
            p.copy_(p - lr * p.grad)
        p.grad = None
    return float(sum(values))

# %% exercise="step_in_parts" verdict="wrong" says="only gives a new tensor a name"
def step_in_parts(parameters, loss_of, parts, lr):          # trap rebind: the loop's name, not the parameter
    total = 0.0
    for p in parameters:
        p.grad = None
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                g, p.grad = p.grad, None
                p = p - lr * g
    return total

# %% exercise="step_in_parts" verdict="wrong" says="the list holds new tensors"
def step_in_parts(parameters, loss_of, parts, lr):          # trap rebind: new tensors, put into the list
    total = 0.0
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
    for i, p in enumerate(parameters):
        parameters[i] = (p - lr * p.grad).detach().requires_grad_()
    return total

# %% exercise="step_in_parts" verdict="wrong" says="something is cleared inside the loop"
def step_in_parts(parameters, loss_of, parts, lr):          # grad-accumulates: the usual clear-before-backward, once too often
    total = 0.0
    for part in parts:
        for p in parameters:
            p.grad = None
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="a third of the step"
def step_in_parts(parameters, loss_of, parts, lr):          # averages as if the parts' losses were means
    parts, total = list(parts), 0.0
    for p in parameters:
        p.grad = None
    for part in parts:
        loss = loss_of(part)
        (loss / len(parts)).backward()
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="graphs are alive at once"
def step_in_parts(parameters, loss_of, parts, lr):          # trap loss-sum: one backward through the sum of all parts
    for p in parameters:
        p.grad = None
    loss = sum(loss_of(part) for part in parts)
    loss.backward()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return loss.item()

# %% exercise="step_in_parts" verdict="wrong" says="as a float, got Tensor"
def step_in_parts(parameters, loss_of, parts, lr):          # loss-item-accumulate: detaches and forgets the number
    for p in parameters:
        p.grad = None
    total = 0.0
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.detach()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="a gradient left over from before"
# Gradients left over from before must not count; clears only afterwards
def step_in_parts(parameters, loss_of, parts, lr):
    parameters, total = list(parameters), 0.0
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
        del loss
    with torch.no_grad():
        for p in parameters:
            if p.requires_grad and p.grad is not None:
                p -= lr * p.grad
            p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="already moving between the parts"
# Take one step on the loss of all parts together; the weights already move between the parts
def step_in_parts(parameters, loss_of, parts, lr):
    parameters, total = list(parameters), 0.0
    for p in parameters:
        p.grad = None
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
        del loss
        with torch.no_grad():
            for p in parameters:
                if p.grad is not None:
                    p -= lr * p.grad
                p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="from before it was frozen"
# a frozen parameter stays as it is; only marked ones are cleared first, so a frozen one moves along the .grad left
# from before it was frozen
def step_in_parts(parameters, loss_of, parts, lr):
    parameters, total = list(parameters), 0.0
    for p in parameters:
        if p.requires_grad:
            p.grad = None
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
        del loss
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
            p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="the next part is computed"
# the graph of a part is gone before the next part is computed; retain_graph keeps what it saved, and the name loss
# holds it while the next part runs
def step_in_parts(parameters, loss_of, parts, lr):
    parameters, total = list(parameters), 0.0
    for p in parameters:
        p.grad = None
    for part in parts:
        loss = loss_of(part)
        loss.backward(retain_graph=True)
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return total

# %% exercise="step_in_parts" verdict="wrong" says="left for the next step"
# every .grad is None afterwards; zero_() of the older guides leaves zeros
def step_in_parts(parameters, loss_of, parts, lr):
    parameters, total = list(parameters), 0.0
    for p in parameters:
        if p.grad is not None:
            p.grad.zero_()
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
        del loss
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad.zero_()
    return total

# %% exercise="second_derivative" verdict="right"
def second_derivative(f, x):          # gradient functions of gradient functions
    slope = torch.func.grad(lambda t: f(t).sum())
    return torch.func.grad(lambda t: slope(t).sum())(x.detach())

# %% exercise="second_derivative" verdict="right"
def second_derivative(f, x):          # backward twice on a tensor of its own, cleared in between
    own = x.detach().clone().requires_grad_()
    y = f(own)
    y.backward(gradient=torch.ones_like(y), create_graph=True)
    slope, own.grad = own.grad, None
    slope.sum().backward()
    return own.grad.detach()

# %% exercise="second_derivative" verdict="right"
def second_derivative(f, x):          # the product of the Hessian with a vector of ones: nothing but its diagonal
    total = lambda t: f(t).sum()
    return torch.autograd.functional.hvp(total, x.detach(), torch.ones_like(x))[1]

# %% exercise="second_derivative" verdict="right"
# vmap of grad of grad over the flattened entries
def second_derivative(f, x):
    flat = x.detach().reshape(-1)
    return torch.func.vmap(torch.func.grad(torch.func.grad(f)))(flat).reshape(x.shape).detach()

# %% exercise="second_derivative" verdict="right"
# diagonal of the Hessian of the sum
def second_derivative(f, x):
    n = x.numel()
    matrix = torch.autograd.functional.hessian(lambda t: f(t).sum(), x.detach())
    return matrix.reshape(n, n).diagonal().reshape(x.shape).clone()

# %% exercise="second_derivative" verdict="right"
# two backward calls on a tensor of its own, .grad taken off in between
def second_derivative(f, x):
    own = x.detach().clone().requires_grad_(True)
    f(own).backward(torch.ones_like(own), create_graph=True)
    slope, own.grad = own.grad, None
    slope.backward(torch.ones_like(own))
    return own.grad.detach()

# %% exercise="second_derivative" verdict="wrong" says="is the first derivative of"
def second_derivative(f, x):          # backward-twice: a second walk over a kept graph gives the first derivative again
    x = x.detach().requires_grad_()
    total = f(x).sum()
    torch.autograd.grad(total, x, retain_graph=True)
    return torch.autograd.grad(total, x)[0]

# %% exercise="second_derivative" verdict="wrong" says="the square of the slope"
def second_derivative(f, x):          # reverse-mode: pulls the slope through the first graph once more
    x = x.detach().requires_grad_()
    y = f(x)
    (slope,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    return torch.autograd.grad(y, x, grad_outputs=slope)[0]

# %% exercise="second_derivative" verdict="wrong" says="its diagonal is enough"
def second_derivative(f, x):          # the whole Hessian
    return torch.autograd.functional.hessian(lambda t: f(t).sum(), x.detach())

# %% exercise="second_derivative" verdict="wrong" says="is marked now"
def second_derivative(f, x):          # requires-grad: marks the caller's tensor
    x.requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return torch.autograd.grad(slope.sum(), x)[0]

# %% exercise="second_derivative" verdict="wrong" says="still part of a graph"
# plain values without a graph; create_graph on both walks
def second_derivative(f, x):
    own = x.detach().clone().requires_grad_()
    (first,) = torch.autograd.grad(f(own).sum(), own, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), own, create_graph=True)
    return second

# %% exercise="second_derivative" verdict="wrong" says="both walks added to one .grad"
# Return the second derivative; both walks add to one .grad, so first and second lie on top of each other
def second_derivative(f, x):
    own = x.detach().clone().requires_grad_()
    f(own).sum().backward(create_graph=True)
    own.grad.sum().backward()
    return own.grad.detach()

# %% exercise="second_derivative" verdict="wrong" says="and has lost its mark"
# The caller's x stays as it was; unmarks an x that came marked
def second_derivative(f, x):
    x.requires_grad_()
    (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    x.requires_grad_(False)
    return second

# %% exercise="second_derivative" verdict="wrong" says="back with a changed .grad"
# no .grad written; where x is marked it works on x itself and overwrites its .grad
def second_derivative(f, x):
    own = x if x.requires_grad else x.detach().requires_grad_()
    f(own).sum().backward(create_graph=True)
    first, own.grad = own.grad, None
    first.sum().backward()
    return own.grad.detach().clone()

# %% exercise="second_derivative" verdict="wrong" says="a difference of rounded values"
# Return the second derivative of f at every entry; a difference of float32 gradients is only close to it
def second_derivative(f, x):
    def slope(at):
        at = at.detach().clone().requires_grad_()
        return torch.autograd.grad(f(at).sum(), at)[0]
    h = 1e-3
    return (slope(x + h) - slope(x - h)) / (2 * h)

# %% exercise="freeze_all_but" verdict="right"
def freeze_all_but(model, name):          # everything off, then the submodule on
    model.requires_grad_(False)
    model.get_submodule(name).requires_grad_(True)
    for parameter in model.parameters():
        if not parameter.requires_grad:
            parameter.grad = None
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

# %% exercise="freeze_all_but" verdict="right"
def freeze_all_but(model, name):          # told apart by identity, not by name
    kept = {id(p) for p in model.get_submodule(name).parameters()}
    sizes = []
    for p in model.parameters():
        p.requires_grad = id(p) in kept
        p.grad = p.grad if p.requires_grad else None
        sizes.append(p.nelement() * p.requires_grad)
    return int(np.sum(sizes))

# %% exercise="freeze_all_but" verdict="right"
def freeze_all_but(model, name):          # compares the path, piece by piece
    path, total = name.split("."), 0
    for full, p in dict(model.named_parameters()).items():
        if full.split(".")[:len(path)] == path:
            p.requires_grad_()
            total += int(np.prod(p.shape))
        else:
            p.requires_grad_(False).grad = None
    return total

# %% exercise="freeze_all_but" verdict="right"
# get_submodule, freeze everything, then switch the part on again; frozen gradients dropped by identity
def freeze_all_but(model, name):
    model.requires_grad_(False)
    model.get_submodule(name).requires_grad_(True)
    for p in model.parameters():
        if not p.requires_grad:
            p.grad = None
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

# %% exercise="freeze_all_but" verdict="right"
# full names with the dot, all names of shared parameters counted in, a set of tensors decides
def freeze_all_but(model, name):
    inside = {p for full, p in model.named_parameters(remove_duplicate=False) if full.startswith(name + ".")}
    for p in model.parameters():
        p.requires_grad = p in inside
        if p not in inside:
            p.grad = None
    return sum(map(torch.numel, inside))

# %% exercise="freeze_all_but" verdict="right"
# recursive walk over the named children with their path
def freeze_all_but(model, name):
    def walk(module, path):
        for key, child in module.named_children():
            full = f"{path}.{key}" if path else key
            if full == name:
                return child
            if name.startswith(full + "."):
                return walk(child, full)
        raise ValueError(f"no submodule {name}")

    keep = {id(p): p for p in walk(model, "").parameters()}
    for p in model.parameters():
        if id(p) in keep:
            p.requires_grad_()
        else:
            p.requires_grad_(False).grad = None
    return sum(p.numel() for p in keep.values())

# %% exercise="freeze_all_but" verdict="wrong" says="an attribute that nobody reads"
def freeze_all_but(model, name):          # trap frozen-attribute: Keras' way of writing it
    model.requires_grad = False
    model.get_submodule(name).requires_grad = True
    return sum(p.numel() for p in model.get_submodule(name).parameters())

# %% exercise="freeze_all_but" verdict="wrong" says="only frozen ones lose theirs"
def freeze_all_but(model, name):          # grad-zero-none: zero_grad() clears the whole model
    model.requires_grad_(False)
    model.zero_grad()
    model.get_submodule(name).requires_grad_(True)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

# %% exercise="freeze_all_but" verdict="wrong" says="count the numbers inside them"
def freeze_all_but(model, name):          # len(trainable_weights), as one would ask a Keras layer
    count = 0
    for full, p in model.named_parameters():
        p.requires_grad_(full.startswith(name + "."))
        count += p.requires_grad
        p.grad = p.grad if p.requires_grad else None
    return count

# %% exercise="freeze_all_but" verdict="wrong" says="counts frozen numbers too"
def freeze_all_but(model, name):          # count_params(): everything, trained or not
    for full, p in model.named_parameters():
        p.requires_grad_(full.startswith(name + "."))
        p.grad = p.grad if p.requires_grad else None
    return sum(p.numel() for p in model.parameters())

# %% exercise="freeze_all_but" verdict="wrong" says="was frozen before and still is"
# whatever was frozen before; only switches off, so a head frozen in an earlier stage stays frozen
def freeze_all_but(model, name):
    for full, p in model.named_parameters():
        if not full.startswith(name + "."):
            p.requires_grad_(False)
            p.grad = None
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

# %% exercise="freeze_all_but" verdict="wrong" says="still carries its old gradient"
# All others are frozen and lose their old .grad; one that was frozen before this call is skipped and keeps it
def freeze_all_but(model, name):
    count = 0
    for full, p in model.named_parameters():
        if full.startswith(name + "."):
            p.requires_grad_(True)
            count += p.numel()
        elif p.requires_grad:
            p.requires_grad_(False)
            p.grad = None
    return count

# %% exercise="freeze_all_but" verdict="wrong" says="inside body, whatever their depth"
# the parameters inside its submodule; compares the last module's path, so head.0.weight of a deeper head is frozen
def freeze_all_but(model, name):
    count = 0
    for full, p in model.named_parameters():
        p.requires_grad_(full.rpartition(".")[0] == name)
        if p.requires_grad:
            count += p.numel()
        else:
            p.grad = None
    return count

# %% exercise="freeze_all_but" verdict="wrong" says="and can still be trained"
# All others are frozen; loops over the children as over Keras layers and forgets parameters that belong to the
# model itself
def freeze_all_but(model, name):
    top, _, rest = name.partition(".")
    for key, child in model.named_children():
        if key != top:
            child.requires_grad_(False)
            child.zero_grad()
        elif rest:
            freeze_all_but(child, rest)
        else:
            child.requires_grad_(True)
    return sum(p.numel() for p in model.get_submodule(name).parameters())

# %% exercise="freeze_all_but" verdict="wrong" says="header was taken for head"
# only the parameters inside its submodule name may be trained; looks for the name anywhere in the full name, so
# body.head_norm.weight or header.weight count too
def freeze_all_but(model, name):
    for full, p in model.named_parameters():
        p.requires_grad_(name in full)
        if name not in full:
            p.grad = None
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

# %% exercise="grads_along" verdict="right"
def grads_along(layers, x):          # walks back by hand, one layer at a time
    values = [x.detach()]
    for layer in layers:
        values.append(layer(values[-1]).detach())
    grads = [torch.ones_like(values[-1])]
    for layer, value in list(zip(layers, values))[:0:-1]:
        value = value.clone().requires_grad_()
        grads.insert(0, torch.autograd.grad(layer(value), value, grads[0])[0])
    return grads

# %% exercise="grads_along" verdict="right"
def grads_along(layers, x):          # asks once per output, over a kept graph
    t, outputs = x.detach().clone().requires_grad_(True), []
    for layer in layers:
        outputs += [layer(outputs[-1] if outputs else t)]
    total = outputs[-1].sum()
    return [torch.autograd.grad(total, o, retain_graph=True)[0] for o in outputs]

# %% exercise="grads_along" verdict="right"
def grads_along(layers, x):          # hooks that note each gradient as it passes on its way to x
    own, seen = x.detach().requires_grad_(), {}
    t = own
    for number, layer in enumerate(layers):
        t = layer(t)
        t.register_hook(lambda g, number=number: seen.__setitem__(number, g))
    torch.autograd.grad(t.sum(), own)
    return [seen[number] for number in sorted(seen)]

# %% exercise="grads_along" verdict="right"
# one small graph per layer, the chain rule walked by hand with autograd.grad and weights
def grads_along(layers, x):
    pairs, h = [], x
    for layer in layers:
        start = h.detach().requires_grad_()
        h = layer(start.clone())
        pairs.append((start, h))
    grads = []
    g = torch.ones_like(h)
    for start, out in reversed(pairs):
        grads.insert(0, g.detach())
        (g,) = torch.autograd.grad(out, start, g)
    return grads

# %% exercise="grads_along" verdict="right"
# a hook on every output notes the gradient as it passes; autograd.grad asks for the start alone
def grads_along(layers, x):
    start = x.detach().clone().requires_grad_()
    h, grads = start * 1, [None] * len(layers)
    for place, layer in enumerate(layers):
        h = layer(h)
        h.register_hook(lambda g, place=place: grads.__setitem__(place, g.detach().clone()))
    torch.autograd.grad(h.sum(), start)
    return grads

# %% exercise="grads_along" verdict="right"
# recursion: the rest of the chain returns the gradients behind, autograd.grad adds the one in front
def grads_along(layers, x):
    def down(h, rest):
        if not rest:
            return [], h.sum()
        out = rest[0](h)
        outputs, total = down(out, rest[1:])
        return [out] + outputs, total

    outputs, total = down(x.detach().clone().requires_grad_(), list(layers))
    return [torch.autograd.grad(total, out, retain_graph=True)[0] for out in outputs]

# %% exercise="grads_along" verdict="wrong" says="keeps no .grad unless asked before"
def grads_along(layers, x):          # trap intermediate: reads .grad of results that are no leaves
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t)
        outputs.append(t)
    t.sum().backward()
    return [o.grad for o in outputs]

# %% exercise="grads_along" verdict="wrong" says="the chain is cut between the layers"
def grads_along(layers, x):          # detach: makes a leaf of every output, so that it may keep a .grad
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t).detach().requires_grad_()
        outputs.append(t)
    t.sum().backward()
    return [o.grad for o in outputs]

# %% exercise="grads_along" verdict="wrong" says="wrote into the layer's own parameters"
def grads_along(layers, x):          # retain-grad: right gradients, but backward fills every leaf on its way
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t)
        t.retain_grad()
        outputs.append(t)
    t.sum().backward()
    return [o.grad for o in outputs]

# %% exercise="grads_along" verdict="wrong" says="turn them round"
def grads_along(layers, x):          # reverse-mode: in the order of the walk
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t)
        outputs.insert(0, t)
    return list(torch.autograd.grad(t.sum(), outputs))

# %% exercise="grads_along" verdict="wrong" says="at each layer's input"
def grads_along(layers, x):          # notes the tensor before the layer instead of after it
    t, inputs = x.detach().requires_grad_(), []
    for layer in layers:
        inputs.append(t)
        t = layer(t)
    return list(torch.autograd.grad(t.sum(), inputs))

# %% exercise="grads_along" verdict="wrong" says="the sum, not the mean"
def grads_along(layers, x):          # a mean loss out of habit
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t)
        outputs.append(t)
    return list(torch.autograd.grad(t.mean(), outputs))

# %% exercise="grads_along" verdict="wrong" says="the caller's x was marked"
def grads_along(layers, x):          # requires-grad: marks the tensor it was lent
    t, outputs = x.requires_grad_(), []
    for layer in layers:
        t = layer(t)
        outputs.append(t)
    return list(torch.autograd.grad(t.sum(), outputs))

# %% exercise="grads_along" verdict="wrong" says="and it was thrown away"
# No .grad of anybody may change; retain_grad and backward, then zero_grad on the modules, which throws away what
# they held before
def grads_along(layers, x):
    h, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        h = layer(h)
        h.retain_grad()
        outputs.append(h)
    h.sum().backward()
    for layer in layers:
        if isinstance(layer, torch.nn.Module):
            layer.zero_grad()
    return [out.grad for out in outputs]

# %% exercise="grads_along" verdict="wrong" says="added to it in place"
# No .grad of anybody may change; puts the old .grad back by reference, but backward has added to that very tensor
# in place
def grads_along(layers, x):
    parameters = [p for layer in layers if isinstance(layer, torch.nn.Module) for p in layer.parameters()]
    before = [p.grad for p in parameters]
    h, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        h = layer(h)
        h.retain_grad()
        outputs.append(h)
    h.sum().backward()
    for p, g in zip(parameters, before):
        p.grad = g
    return [out.grad for out in outputs]

# %% exercise="grads_along" verdict="wrong" says="still hang on a graph"
# as plain values; create_graph leaves the gradients on a graph
def grads_along(layers, x):
    h, outputs = x.detach().clone().requires_grad_(), []
    for layer in layers:
        h = layer(h)
        outputs.append(h)
    return list(torch.autograd.grad(h.sum(), outputs, create_graph=True))

# %% exercise="grads_along" verdict="wrong" says="does not have a grad_fn"
# x need not be marked; works only while the first layer has parameters, an unmarked x through plain functions
# records nothing
def grads_along(layers, x):
    h, outputs = x, []
    for layer in layers:
        h = layer(h)
        outputs.append(h)
    return list(torch.autograd.grad(h.sum(), outputs))

# %% exercise="grads_along" verdict="wrong" says="factor of the chain rule"
# the gradient of that sum at the output of each layer; detaches between the layers, so each gets the slope of the
# next layer's own sum, not of the whole chain
def grads_along(layers, x):
    grads, h = [], x.detach()
    outputs = []
    for layer in layers:
        start = h.requires_grad_()
        out = layer(start)
        outputs.append((start, out))
        h = out.detach()
    for start, out in outputs[1:]:
        grads.append(torch.autograd.grad(out.sum(), start)[0])
    return grads + [torch.ones_like(outputs[-1][1]).detach()]

# %% exercise="quantize" verdict="right"
def quantize(x, step, limit):          # the difference is computed unrecorded, a constant for autograd
    clamped = torch.minimum(torch.maximum(x, torch.full_like(x, -limit)), torch.full_like(x, limit))
    with torch.no_grad():
        difference = torch.round(clamped / step) * step - clamped
    return clamped + difference

# %% exercise="quantize" verdict="right"
def quantize(x, step, limit):          # a 0/1 mask in place of clamp's own gradient
    inside = (x.detach().abs() < limit).to(x.dtype)
    value = ((x.detach().clamp(-limit, limit)) / step).round() * step
    return value + inside * (x - x.detach())

# %% exercise="quantize" verdict="right"
def quantize(x, step, limit):          # a backward pass of its own, as lesson 04 will teach
    class Straight(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.round(x.clamp(-limit, limit) / step) * step

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return torch.where(x.abs() < limit, gradient, torch.zeros_like(gradient))

    return Straight.apply(x)

# %% exercise="quantize" verdict="right"
# value without gradient plus a term that is 0 but carries the gradient, only inside the range
def quantize(x, step, limit):
    with torch.no_grad():
        rounded = (x.clamp(-limit, limit) / step).round() * step
    carrier = torch.where(x.detach().abs() <= limit, x - x.detach(), torch.zeros_like(x))
    return rounded + carrier

# %% exercise="quantize" verdict="right"
# an autograd function that rounds and passes the gradient on; allowed, only not needed
class _RoundThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        return torch.round(x / step) * step

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None


def quantize(x, step, limit):
    return _RoundThrough.apply(torch.clamp(x, -limit, limit), step)

# %% exercise="quantize" verdict="right"
# rounds a clone of the clamped value in place under no_grad: its node is still the clone's, the identity
def quantize(x, step, limit):
    out = x.clamp(min=-limit, max=limit).clone()
    with torch.no_grad():
        out.div_(step).round_().mul_(step)
    return out

# %% exercise="quantize" verdict="wrong" says="too much was detached"
def quantize(x, step, limit):          # no-grad: keeps everything out of the graph
    with torch.no_grad():
        return (x.clamp(-limit, limit) / step).round() * step

# %% exercise="quantize" verdict="wrong" says="the wrong one of the two values"
def quantize(x, step, limit):          # detach: on the value whose gradient was wanted
    clamped = x.clamp(-limit, limit)
    rounded = (clamped / step).round() * step
    return clamped.detach() + (rounded - clamped)

# %% exercise="quantize" verdict="wrong" says="the caller's x was overwritten"
def quantize(x, step, limit):          # data-attr: rounds the caller's tensor through .data
    clamped = x.clamp(-limit, limit)
    difference = (clamped / step).round() * step - clamped
    x.data.copy_(clamped + difference)
    return clamped + difference.detach()

# %% exercise="quantize" verdict="wrong" says="limited but not rounded"
def quantize(x, step, limit):          # adds a difference that cancels itself
    clamped = x.clamp(-limit, limit)
    rounded = (clamped / step).round() * step
    return clamped + rounded.detach() - rounded

# %% exercise="quantize" verdict="wrong" says="take the nearest multiple"
def quantize(x, step, limit):          # integer division rounds down
    clamped = x.clamp(-limit, limit)
    rounded = clamped // step * step
    return clamped + (rounded - clamped).detach()

# %% exercise="quantize" verdict="wrong" says="rounded but not limited"
def quantize(x, step, limit):          # limits the gradient and forgets the value
    inside = (x.detach().abs() < limit).to(x.dtype)
    rounded = (x.detach() / step).round() * step
    return rounded + inside * (x - x.detach())

# %% exercise="quantize" verdict="wrong" says="of 1 outside the range too"
# 0 outside; the textbook x + (q - x).detach() lets the gradient pass everywhere
def quantize(x, step, limit):
    q = (x.clamp(-limit, limit) / step).round() * step
    return x + (q - x).detach()

# %% exercise="quantize" verdict="wrong" says="is rounded to its edge"
# limit x and round it to the nearest multiple of step; limits after rounding, so a limit that is no multiple comes
# out, and the gradient asks the rounded value, not x
def quantize(x, step, limit):
    rounded = x + ((x / step).round() * step - x).detach()
    return rounded.clamp(-limit, limit)

# %% exercise="quantize" verdict="wrong" says="come in and pass unchanged"
# The gradient is 1 where x is inside, which multiplies what comes from above; this hand-written backward returns
# the mask alone
class _Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return (x.clamp(-limit, limit) / step).round() * step

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return (x.abs() <= ctx.limit).to(x.dtype), None, None


def quantize(x, step, limit):
    return _Quantize.apply(x, step, limit)

# %% exercise="quantize" verdict="wrong" says="though it is rounded to"
# 0 outside; the ready-made fake quantisation asks whether the rounded level fits, so an x just outside the range
# still gets 1
def quantize(x, step, limit):
    level = int(round(limit / step))
    return torch.fake_quantize_per_tensor_affine(x, step, 0, -level, level)

# %% exercise="quantize" verdict="wrong" says="as rounding's own"
# The gradient is 1 where x is inside; trusts round to have a slope, and it is 0
def quantize(x, step, limit):
    return torch.round(x.clamp(-limit, limit) / step) * step

# %% exercise="grad_of" verdict="wrong" says="the second call added to the first"
# the same on every call; the caller's x is marked and its .grad handed out
def grad_of(f, x):
    x.requires_grad_()
    f(x).backward()
    return x.grad
