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

# %% exercise="grad_of" verdict="wrong" says="it records from now on"
def grad_of(f, x):          # requires-grad: takes requires_grad_ for a setting of this call alone
    x.requires_grad_()
    return torch.autograd.grad(f(x), x)[0]

# %% exercise="grad_of" verdict="wrong" says="which the caller's x carried was changed"
def grad_of(f, x):          # grad-zero-none: cleans up, and throws the caller's own gradient away
    marked = x.requires_grad
    x.requires_grad_()
    x.grad = None
    f(x).backward()
    result, x.grad = x.grad, None
    x.requires_grad_(marked)
    return result

# %% exercise="grad_of" verdict="wrong" says="still hangs on a graph"
def grad_of(f, x):          # reverse-mode: create_graph "to be safe" keeps the graph of the gradient
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x, create_graph=True)[0]

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

# %% exercise="grad_of" verdict="wrong" says="as a tensor, got tuple"
def grad_of(f, x):          # tape-vs-backward: autograd.grad returns a tuple, as tape.gradient does for a list
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x)

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

# %% exercise="running_loss" verdict="wrong" says="of type float, got Tensor"
def running_loss(steps):          # trap loss-sum: sums tensors and returns one
    total, examples = 0.0, 0
    for loss, size in steps:
        total += loss * size
        examples += size
    return total / examples

# %% exercise="running_loss" verdict="wrong" says="every step's graph hangs on it"
def running_loss(steps):          # trap loss-sum: takes the number only at the very end
    total, examples = 0.0, 0
    for loss, size in steps:
        total += loss * size
        examples += size
    return (total / examples).item()

# %% exercise="running_loss" verdict="wrong" says="are alive in a list"
def running_loss(steps):          # del-refs: collects first, computes later
    pairs = list(steps)
    return sum(loss.item() * size for loss, size in pairs) / sum(size for _, size in pairs)

# %% exercise="running_loss" verdict="wrong" says="weighs every batch alike"
def running_loss(steps):          # means of means, as if all batches had one size
    values = [loss.item() for loss, _ in steps]
    return sum(values) / len(values)

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

# %% exercise="running_loss" verdict="wrong" says="the caller's loss was detached itself"
def running_loss(steps):          # detach: the in-place form cuts the caller's tensor
    total = examples = 0
    for loss, size in steps:
        total += loss.detach_().item() * size if loss.grad_fn else loss.item() * size
        examples += size
    return total / examples

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

# %% exercise="train_linear" verdict="wrong" says=".grad adds up until it is cleared"
def train_linear(x, y, lr, steps):          # trap accumulate: a tape would have started empty
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b, losses

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

# %% exercise="train_linear" verdict="wrong" says="has lost its mark"
def train_linear(x, y, lr, steps):          # trap rebind: w = w - ... inside no_grad, marked only for the next forward
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        w.requires_grad_(), b.requires_grad_()
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w = w - lr * w.grad
            b = b - lr * b.grad
    return w, b, losses

# %% exercise="train_linear" verdict="wrong" says="an n by n table"
def train_linear(x, y, lr, steps):          # Keras' Dense(1): a column of weights against a flat y
    w, b = x.new_zeros(x.shape[1], 1).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
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

# %% exercise="train_linear" verdict="wrong" says="before any update"
def train_linear(x, y, lr, steps):          # logs the loss after the update, as a validation pass would
    w, b = x.new_zeros(x.shape[1]).requires_grad_(), x.new_zeros(()).requires_grad_()
    losses = []
    for _ in range(steps):
        (x @ w + b - y).square().mean().backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad = None
            losses.append((x @ w + b - y).square().mean().item())
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

# %% exercise="step_in_parts" verdict="wrong" says="already moving between the parts"
def step_in_parts(parameters, loss_of, parts, lr):          # an ordinary training loop: one update per part
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

# %% exercise="step_in_parts" verdict="wrong" says="left for the next step"
def step_in_parts(parameters, loss_of, parts, lr):          # clears first, as one should, and leaves the rest lying
    for p in parameters:
        p.grad = None
    total = 0.0
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
    return total

# %% exercise="step_in_parts" verdict="wrong" says="a gradient left over from before"
def step_in_parts(parameters, loss_of, parts, lr):          # trap accumulate: trusts that .grad is empty, as a tape is
    total = 0.0
    for part in parts:
        loss = loss_of(part)
        loss.backward()
        total += loss.item()
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None
    return total

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

# %% exercise="second_derivative" verdict="wrong" says="is the first derivative of"
def second_derivative(f, x):          # backward-twice: a second walk over a kept graph gives the first derivative again
    x = x.detach().requires_grad_()
    total = f(x).sum()
    torch.autograd.grad(total, x, retain_graph=True)
    return torch.autograd.grad(total, x)[0]

# %% exercise="second_derivative" verdict="wrong" says="both walks added to one .grad"
def second_derivative(f, x):          # trap accumulate: backward, and backward again
    x = x.detach().requires_grad_()
    f(x).sum().backward(create_graph=True)
    x.grad.sum().backward()
    return x.grad

# %% exercise="second_derivative" verdict="wrong" says="the square of the slope"
def second_derivative(f, x):          # reverse-mode: pulls the slope through the first graph once more
    x = x.detach().requires_grad_()
    y = f(x)
    (slope,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    return torch.autograd.grad(y, x, grad_outputs=slope)[0]

# %% exercise="second_derivative" verdict="wrong" says="a difference of rounded values"
def second_derivative(f, x):          # numerical differences in float32
    x, step = x.detach(), 1e-2
    return (f(x + step) - 2 * f(x) + f(x - step)) / step**2

# %% exercise="second_derivative" verdict="wrong" says="its diagonal is enough"
def second_derivative(f, x):          # the whole Hessian
    return torch.autograd.functional.hessian(lambda t: f(t).sum(), x.detach())

# %% exercise="second_derivative" verdict="wrong" says="still part of a graph"
def second_derivative(f, x):          # create_graph on both walks, "to be safe"
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return torch.autograd.grad(slope.sum(), x, create_graph=True)[0]

# %% exercise="second_derivative" verdict="wrong" says="is marked now"
def second_derivative(f, x):          # requires-grad: marks the caller's tensor
    x.requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return torch.autograd.grad(slope.sum(), x)[0]

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

# %% exercise="freeze_all_but" verdict="wrong" says="an attribute that nobody reads"
def freeze_all_but(model, name):          # trap frozen-attribute: Keras' way of writing it
    model.requires_grad = False
    model.get_submodule(name).requires_grad = True
    return sum(p.numel() for p in model.get_submodule(name).parameters())

# %% exercise="freeze_all_but" verdict="wrong" says="header was taken for head"
def freeze_all_but(model, name):          # compares beginnings of names without the dot
    count = 0
    for full, p in model.named_parameters():
        p.requires_grad_(full.startswith(name))
        if p.requires_grad:
            count += p.numel()
        else:
            p.grad = None
    return count

# %% exercise="freeze_all_but" verdict="wrong" says="was frozen before and still is"
def freeze_all_but(model, name):          # freeze-requires-grad: only ever switches off
    count = 0
    for full, p in model.named_parameters():
        if full.startswith(name + "."):
            count += p.numel()
        else:
            p.requires_grad_(False)
            p.grad = None
    return count

# %% exercise="freeze_all_but" verdict="wrong" says="still carries its old gradient"
def freeze_all_but(model, name):          # freeze-requires-grad: takes frozen for harmless, .grad included
    model.requires_grad_(False)
    model.get_submodule(name).requires_grad_(True)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)

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

# %% exercise="grads_along" verdict="wrong" says="still hang on a graph"
def grads_along(layers, x):          # create_graph "to be safe"
    t, outputs = x.detach().requires_grad_(), []
    for layer in layers:
        t = layer(t)
        outputs.append(t)
    return list(torch.autograd.grad(t.sum(), outputs, create_graph=True))

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

# %% exercise="quantize" verdict="wrong" says="as rounding's own"
def quantize(x, step, limit):          # rounds, and expects autograd to see what is meant
    return (x.clamp(-limit, limit) / step).round() * step

# %% exercise="quantize" verdict="wrong" says="too much was detached"
def quantize(x, step, limit):          # no-grad: keeps everything out of the graph
    with torch.no_grad():
        return (x.clamp(-limit, limit) / step).round() * step

# %% exercise="quantize" verdict="wrong" says="the wrong one of the two values"
def quantize(x, step, limit):          # detach: on the value whose gradient was wanted
    clamped = x.clamp(-limit, limit)
    rounded = (clamped / step).round() * step
    return clamped.detach() + (rounded - clamped)

# %% exercise="quantize" verdict="wrong" says="of 1 outside the range too"
def quantize(x, step, limit):          # straight past the limiting as well
    rounded = (x.clamp(-limit, limit) / step).round() * step
    return x + (rounded - x).detach()

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
