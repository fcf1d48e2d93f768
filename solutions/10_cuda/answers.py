# %% exercise="pick_device" verdict="right"
def pick_device(prefer=None):          # the wish becomes a string first
    gpu = torch.cuda.is_available()
    name = ("cpu", "cuda")[gpu] if prefer is None else str(prefer)
    return torch.device(name)

# %% exercise="pick_device" verdict="right"
def pick_device(prefer=None):          # one early return per case
    if prefer is None and torch.cuda.is_available():
        return torch.device("cuda")
    if prefer is None:
        return torch.device("cpu")
    return torch.device(prefer)

# %% exercise="pick_device" verdict="right"
def pick_device(prefer=None):          # `or` fills in the missing wish
    return torch.device(prefer or {True: "cuda", False: "cpu"}[torch.cuda.is_available()])

# %% exercise="pick_device" verdict="right"
def pick_device(prefer=None):          # the first candidate that holds
    candidates = ((prefer, prefer is not None), ("cuda", torch.cuda.is_available()), ("cpu", True))
    return next(torch.device(name) for name, holds in candidates if holds)

# %% exercise="pick_device" verdict="wrong" says="return a torch.device, got str"
def pick_device(prefer=None):          # hands on the name
    return prefer or ("cuda" if torch.cuda.is_available() else "cpu")

# %% exercise="pick_device" verdict="wrong" says="without a GPU choose the CPU"
def pick_device(prefer=None):          # hard-coded, as on the author's machine
    return torch.device(prefer or "cuda")

# %% exercise="pick_device" verdict="wrong" says="with a GPU choose cuda"
def pick_device(prefer=None):          # waits for a framework to place things
    return torch.device(prefer or "cpu")

# %% exercise="pick_device" verdict="wrong" says="asked for the CPU beside a GPU"
def pick_device(prefer=None):          # forgets the wish
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% exercise="pick_device" verdict="wrong" says="fell back silently"
def pick_device(prefer=None):          # soft placement, as in TensorFlow
    if prefer is not None and ("cuda" not in str(prefer) or torch.cuda.is_available()):
        return torch.device(prefer)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% exercise="pick_device" verdict="wrong" says="the wish lost its number"
def pick_device(prefer=None):          # keeps the type and loses the number
    if prefer is None:
        prefer = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(torch.device(prefer).type)

# %% exercise="pick_device" verdict="wrong" says="torch.cuda.is_available() decides, not torch.accelerator"
def pick_device(prefer=None):          # asks what this PyTorch's accelerator is, not whether CUDA is available
    if prefer is not None:
        return torch.device(prefer)
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")

# %% exercise="pick_device" verdict="wrong" says="asked for the CPU beside a GPU: honour the wish"
def pick_device(prefer=None):          # a GPU that is there wins over a wish for the CPU
    if torch.cuda.is_available() and (prefer is None or torch.device(prefer).type == "cpu"):
        return torch.device("cuda")
    return torch.device(prefer or "cpu")

# %% exercise="pick_device" verdict="wrong" says="a torch.device is a wish too"
def pick_device(prefer=None):  # only strings are wishes
    if isinstance(prefer, str):
        return torch.device(prefer)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% exercise="may_meet" verdict="right"
def may_meet(*tensors):          # compares each with the first that matters
    matter = [t for t in tensors if t.ndim > 0 or t.device.type != "cpu"]
    return all(t.device == matter[0].device for t in matter)

# %% exercise="may_meet" verdict="right"
def may_meet(*tensors):          # remembers the first device in a loop
    place = None
    for t in tensors:
        if t.dim() == 0 and t.is_cpu:
            continue
        if place is not None and t.device != place:
            return False
        place = t.device
    return True

# %% exercise="may_meet" verdict="right"
def may_meet(*tensors):          # subtracts the numbers' device by counting pairs
    def number(t):
        return t.shape == () and t.device == torch.device("cpu")
    return not any(s.device != t.device for s in tensors for t in tensors if not number(s) and not number(t))

# %% exercise="may_meet" verdict="wrong" says="return True or False, got set"
def may_meet(*tensors):          # returns the devices themselves
    return {t.device for t in tensors}

# %% exercise="may_meet" verdict="wrong" says="any one device will do"
def may_meet(*tensors):          # thinks that only the CPU is safe
    return all(t.device.type == "cpu" for t in tensors)

# %% exercise="may_meet" verdict="wrong" says="a matrix on meta and one on the CPU"
def may_meet(*tensors):          # trusts in silent copies, as TensorFlow makes them
    return True

# %% exercise="may_meet" verdict="wrong" says="is a number and may join"
def may_meet(*tensors):          # forgets the exception
    return len({t.device for t in tensors}) < 2

# %% exercise="may_meet" verdict="wrong" says="one element is not zero dimensions"
def may_meet(*tensors):          # counts elements instead of dimensions
    return len({t.device for t in tensors if t.numel() > 1}) < 2

# %% exercise="may_meet" verdict="wrong" says="the third tensor lies elsewhere"
def may_meet(*tensors):          # looks at the first pair
    return len({t.device for t in tensors[:2] if t.dim() or t.device.type != "cpu"}) < 2

# %% exercise="may_meet" verdict="wrong" says="a number on meta cannot join"
def may_meet(*tensors):          # exempts every number, wherever it lies
    return len({t.device for t in tensors if t.dim()}) < 2

# %% exercise="may_meet" verdict="wrong" says="cuda:0 and cuda:1 are two devices"
def may_meet(*tensors):          # compares types, so two GPUs count as one
    return len({t.device.type for t in tensors if t.dim() or not t.is_cpu}) <= 1

# %% exercise="may_meet" verdict="wrong" says="a number may come first"
def may_meet(*tensors):          # compares with the first, be it a number or not
    if not tensors:
        return True
    first = tensors[0].device
    return all(t.device == first or (t.dim() == 0 and t.is_cpu) for t in tensors)

# %% exercise="may_meet" verdict="wrong" says="a number between two tensors hid"
def may_meet(*tensors):          # compares neighbours
    def number(t):
        return t.dim() == 0 and t.is_cpu
    return all(number(a) or number(b) or a.device == b.device for a, b in zip(tensors, tensors[1:]))

# %% exercise="may_meet" verdict="wrong" says="only devices count"
def may_meet(*tensors):  # tries the sum, so shapes decide and meta is too kind
    try:
        total = tensors[0]
        for t in tensors[1:]:
            total = total + t
        return True
    except RuntimeError:
        return False

# %% exercise="may_meet" verdict="wrong" says="with no tensors at all the answer is True"
def may_meet(*tensors):  # wants exactly one device
    return len({t.device for t in tensors if t.dim() or not t.is_cpu}) == 1

# %% exercise="to_device" verdict="right"
def to_device(obj, device):          # the library's tree walk
    from torch.utils._pytree import tree_map
    return tree_map(lambda leaf: leaf.to(device) if isinstance(leaf, torch.Tensor) else leaf, obj)

# %% exercise="to_device" verdict="right"
def to_device(obj, device):          # match on the form
    match obj:
        case dict():
            return dict(zip(obj, [to_device(v, device) for v in obj.values()]))
        case list():
            return [to_device(v, device) for v in obj]
        case tuple():
            values = map(lambda v: to_device(v, device), obj)
            return obj._make(values) if hasattr(obj, "_make") else tuple(values)
    return obj.to(device) if isinstance(obj, torch.Tensor) else obj

# %% exercise="to_device" verdict="right"
def to_device(obj, device):          # fills new containers in loops
    if torch.is_tensor(obj):
        return obj.to(device=device)
    if type(obj) is dict:
        new = {}
        for key in obj:
            new[key] = to_device(obj[key], device)
        return new
    if isinstance(obj, tuple) and hasattr(obj, "_asdict"):
        return obj._replace(**to_device(obj._asdict(), device))
    if type(obj) in (list, tuple):
        new = []
        for value in obj:
            new.append(to_device(value, device))
        return new if type(obj) is list else tuple(new)
    return obj

# %% exercise="to_device" verdict="right"
def to_device(obj, device):          # dispatches on the type
    from functools import singledispatch

    @singledispatch
    def carry(x):
        return x

    @carry.register
    def _(x: torch.Tensor):
        return x.to(device)

    @carry.register
    def _(x: dict):
        return type(x)(zip(x, map(carry, x.values())))

    @carry.register
    def _(x: list):
        return type(x)(map(carry, x))

    @carry.register
    def _(x: tuple):
        values = [carry(value) for value in x]
        return x._replace(**dict(zip(x._fields, values))) if hasattr(x, "_fields") else type(x)(values)

    return carry(obj)

# %% exercise="to_device" verdict="wrong" says="a tuple stays a tuple"
def to_device(obj, device):          # answers every sequence with a list
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [to_device(value, device) for value in obj]
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="a list stays a list"
def to_device(obj, device):          # answers every sequence with a tuple
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return tuple(to_device(value, device) for value in obj)
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="own list was changed"
def to_device(obj, device):          # writes into the caller's list
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, list):
        obj[:] = [to_device(value, device) for value in obj]
        return obj
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(value, device) for value in obj)
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="a dict stays a dict"
def to_device(obj, device):          # keeps the values alone
    if isinstance(obj, dict):
        return [to_device(value, device) for value in obj.values()]
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(value, device) for value in obj)
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="inside the nested list stayed"
def to_device(obj, device):          # knows dicts and tuples alone
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, tuple):
        return type(obj)(to_device(value, device) for value in obj)
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="a number stays a number"
def to_device(obj, device):          # converts numbers, as tf.convert_to_tensor does
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(value, device) for value in obj)
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    return torch.tensor(obj, device=device) if isinstance(obj, int) else obj

# %% exercise="to_device" verdict="wrong" says="must not cut the graph"
def to_device(obj, device):          # detaches what it carries
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        values = [to_device(value, device) for value in obj]
        return type(obj)(*values) if hasattr(obj, "_fields") else type(obj)(values)
    if isinstance(obj, torch.Tensor):
        return obj.detach().to(device)
    return obj

# %% exercise="to_device" verdict="wrong" says="takes its values one by one"
def to_device(obj, device):          # the lesson's own function
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(value, device) for value in obj)
    return obj.to(device) if isinstance(obj, torch.Tensor) else obj

# %% exercise="to_device" verdict="wrong" says="has lost its names"
def to_device(obj, device):          # every tuple is taken for a plain one
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, list):
        return [to_device(value, device) for value in obj]
    if isinstance(obj, tuple):
        return tuple(to_device(value, device) for value in obj)
    return obj.to(device) if isinstance(obj, torch.Tensor) else obj

# %% exercise="to_device" verdict="wrong" says="the keys stay x, id and y"
def to_device(obj, device):          # drops from dicts what is no tensor
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    if isinstance(obj, dict):
        return {k: to_device(v, device) for k, v in obj.items() if isinstance(v, (torch.Tensor, dict, list, tuple))}
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*(to_device(v, device) for v in obj))
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(v, device) for v in obj)
    return obj

# %% exercise="to_device" verdict="wrong" says="ask for tensors, not for whatever has .to"
def to_device(obj, device):          # moves whatever has a method to, a module in place
    if hasattr(obj, "to"):
        return obj.to(device)
    if isinstance(obj, dict):
        return {key: to_device(value, device) for key, value in obj.items()}
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*(to_device(value, device) for value in obj))
    if isinstance(obj, (list, tuple)):
        return type(obj)(to_device(value, device) for value in obj)
    return obj

# %% exercise="to_device" verdict="wrong" says="the caller's own"
def to_device(obj, device):          # writes into the caller's dict
    if isinstance(obj, torch.Tensor):
        return obj.to(device)
    if isinstance(obj, dict):
        for key in obj:
            obj[key] = to_device(obj[key], device)
    elif isinstance(obj, tuple):
        values = [to_device(value, device) for value in obj]
        return type(obj)(*values) if hasattr(obj, "_fields") else tuple(values)
    elif isinstance(obj, list):
        return [to_device(value, device) for value in obj]
    return obj

# %% exercise="train_step" verdict="right"
def train_step(model, batch, opt):          # a loss module, and the model clears its own gradients
    place = [p.device for p in model.parameters()][0]
    inputs, targets = batch[0].to(place), batch[1].to(place)
    model.zero_grad()
    loss = torch.nn.MSELoss()(model(inputs), targets)
    loss.backward()
    opt.step()
    with torch.no_grad():
        return loss.clone()

# %% exercise="train_step" verdict="right"
def train_step(model, batch, opt):          # autograd.grad in place of backward
    weights = list(model.parameters())
    x, y = [part.to(weights[0].device) for part in batch]
    loss = (model(x) - y).square().mean()
    for weight, slope in zip(weights, torch.autograd.grad(loss, weights)):
        weight.grad = slope
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="right"
def train_step(model, batch, opt):          # a closure, as LBFGS wants it
    like = next(iter(model.state_dict().values()))
    def closure():
        opt.zero_grad(set_to_none=False)
        error = model(batch[0].to(like.device)) - batch[1].to(like.device)
        loss = (error * error).mean()
        loss.backward()
        return loss
    return opt.step(closure).detach()

# %% exercise="train_step" verdict="right"
def train_step(model, batch, opt):          # clears by hand, takes the value before the step
    weight = next(iter(model.state_dict(keep_vars=True).values()))
    x, y = [torch.as_tensor(t, device=weight.device) for t in batch]
    for group in opt.param_groups:
        for p in group["params"]:
            p.grad = None
    loss = torch.nn.MSELoss()(model(x), y)
    value = loss.detach().clone()
    loss.backward()
    opt.step()
    return value

# %% exercise="train_step" verdict="wrong" says="the target stayed behind"
def train_step(model, batch, opt):          # carries the input alone
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="the input stayed behind"
def train_step(model, batch, opt):          # carries the target alone
    x, y = batch
    device = next(model.parameters()).device
    x, y = x, y.to(device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="old gradients were still"
def train_step(model, batch, opt):          # expects a fresh tape: never clears
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y.to(device)
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="no step was taken"
def train_step(model, batch, opt):          # stops after backward
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y.to(device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="still hangs on its graph"
def train_step(model, batch, opt):          # returns the recorded loss
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y.to(device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss

# %% exercise="train_step" verdict="wrong" says="as a tensor, got float"
def train_step(model, batch, opt):          # returns a number, as train_on_batch does
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y.to(device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()

# %% exercise="train_step" verdict="wrong" says="is not the mean squared error"
def train_step(model, batch, opt):          # sums the errors
    x, y = batch
    device = next(model.parameters()).device
    x, y = x.to(device), y.to(device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y, reduction="sum")
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="the model was moved to the batch"
def train_step(model, batch, opt):          # moves the model instead
    x, y = batch
    device = next(model.parameters()).device
    if device != x.device:
        model.to_empty(device=x.device)
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="train_step" verdict="wrong" says="is not the mean squared error before"
def train_step(model, batch, opt):          # the loss after the step
    place = next(model.parameters()).device
    x, y = (t.to(place) for t in batch)
    opt.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    opt.step()
    with torch.no_grad():
        return torch.nn.functional.mse_loss(model(x), y)

# %% exercise="train_step" verdict="wrong" says="the loss must stay on the model's device"
def train_step(model, batch, opt):          # fetches the loss to the CPU
    place = next(model.parameters()).device
    x, y = (t.to(place) for t in batch)
    loss = torch.nn.functional.mse_loss(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.detach().cpu()

# %% exercise="train_step" verdict="wrong" says="the model was moved to the batch: carry the batch"
def train_step(model, batch, opt):          # carries the model to the batch
    x, y = batch
    model.to(x.device)
    loss = torch.nn.functional.mse_loss(model(x), y.to(x.device))
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.detach()

# %% exercise="seconds_of" verdict="right"
def seconds_of(action, wait, runs=5):          # keeps the best so far
    action()
    wait()
    best = float("inf")
    for _ in range(runs):
        wait()
        began = time.perf_counter()
        action()
        wait()
        best = min(best, time.perf_counter() - began)
    return best

# %% exercise="seconds_of" verdict="right"
def seconds_of(action, wait, runs=5):          # one run is a function of its own
    def one():
        start = time.perf_counter()
        action()
        wait()
        return time.perf_counter() - start
    action()
    wait()
    return sorted(one() for _ in range(runs))[0]

# %% exercise="seconds_of" verdict="right"
def seconds_of(action, wait, runs=5):          # times the first call too and leaves it out
    marks = []
    for _ in range(runs + 1):
        wait()
        marks.append(time.perf_counter())
        action()
        wait()
        marks.append(time.perf_counter())
    return min(end - start for start, end in zip(marks[2::2], marks[3::2]))

# %% exercise="seconds_of" verdict="wrong" says="wait was never called"
def seconds_of(action, wait, runs=5):          # never waits
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="before the work was done"
def seconds_of(action, wait, runs=5):          # stops the clock when the call returns
    action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="wait before you start it"
def seconds_of(action, wait, runs=5):          # starts the clock on a busy queue
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="4 times, got 3"
def seconds_of(action, wait, runs=5):          # counts the first call
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="that is the mean"
def seconds_of(action, wait, runs=5):          # the mean, as timeit shows it
    action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return sum(times) / len(times)

# %% exercise="seconds_of" verdict="wrong" says="that is the longest"
def seconds_of(action, wait, runs=5):          # the longest
    action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return max(times)

# %% exercise="seconds_of" verdict="wrong" says="that is the sum"
def seconds_of(action, wait, runs=5):          # the sum
    action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return sum(times)

# %% exercise="seconds_of" verdict="wrong" says="more than 4 times"
def seconds_of(action, wait, runs=5):          # warms up twice
    action(), action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="more than 4 times: once beforehand and once a run"
def seconds_of(action, wait, runs=5):          # a fixed number of runs
    action()
    times = []
    for _ in range(5):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)

# %% exercise="seconds_of" verdict="wrong" says="return the seconds as a float, got list"
def seconds_of(action, wait, runs=5):          # hands out the list
    action()
    times = []
    for _ in range(runs):
        wait()
        start = time.perf_counter()
        action()
        wait()
        times.append(time.perf_counter() - start)
    return times

# %% exercise="seconds_of" verdict="wrong" says="expected 5.0, got"
def seconds_of(action, wait, runs=5):          # waits once for all runs
    action()
    wait()
    start = time.perf_counter()
    for _ in range(runs):
        action()
    wait()
    return (time.perf_counter() - start) / runs

# %% exercise="scaled_step" verdict="right"
def scaled_step(model, batch, opt, scaler, most):          # divides by hand through the norm
    opt.zero_grad(set_to_none=True)
    with torch.autocast(batch[0].device.type, torch.float16):
        out = model(batch[0])
        loss = (out.float() - batch[1]).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    torch.nn.utils.clip_grads_with_norm_(model.parameters(), most, norm)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="right"
def scaled_step(model, batch, opt, scaler, most):          # autocast around a function, gradients scaled down one by one
    @torch.autocast(batch[0].device.type, dtype=torch.float16)
    def compute(x, y):
        return torch.nn.MSELoss()(model(x), y)
    model.zero_grad()
    loss = compute(*batch)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    slopes = [p.grad for p in model.parameters() if p.grad is not None]
    length = torch.stack([g.square().sum() for g in slopes]).sum().sqrt()
    for g in slopes:
        g.mul_((most / length).clamp(max=1.0))
    scaler.step(opt)
    scaler.update()
    with torch.no_grad():
        return loss.clone()

# %% exercise="scaled_step" verdict="right"
def scaled_step(model, batch, opt, scaler, most):          # the loss is taken aside before backward
    x, y = batch
    for p in model.parameters():
        p.grad = None
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    value = loss.detach().clone()
    (scaler.scale(loss) * 1.0).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return value

# %% exercise="scaled_step" verdict="wrong" says="clip what unscale_ has divided"
def scaled_step(model, batch, opt, scaler, most):          # clips the scaled gradients
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="clip what unscale_ has divided, not the scaled gradients"
def scaled_step(model, batch, opt, scaler, most):          # clips before it divides
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.unscale_(opt)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="to 512, got 1024.0: call update"
def scaled_step(model, batch, opt, scaler, most):          # never updates the scale
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="take the scaler's step"
def scaled_step(model, batch, opt, scaler, most):          # takes the optimizer's own step
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    opt.step()
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="about 1024 times too long"
def scaled_step(model, batch, opt, scaler, most):          # neither divides nor clips, plain step
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    opt.step()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="the gradients were not clipped"
def scaled_step(model, batch, opt, scaler, most):          # never clips
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="clip the norm of all gradients together"
def scaled_step(model, batch, opt, scaler, most):          # clips each value
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_value_(model.parameters(), most / 4)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="old gradients were still in .grad"
def scaled_step(model, batch, opt, scaler, most):          # old gradients stay
    x, y = batch
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="run it under autocast to float16"
def scaled_step(model, batch, opt, scaler, most):          # bfloat16 in place of float16
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="wrong" says="the loss returned is the scaled one"
def scaled_step(model, batch, opt, scaler, most):          # the scaled loss
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return scaler.scale(loss).detach()

# %% exercise="scaled_step" verdict="wrong" says="still hangs on its graph"
def scaled_step(model, batch, opt, scaler, most):          # the recorded loss
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss

# %% exercise="scaled_step" verdict="wrong" says="as a tensor, got float"
def scaled_step(model, batch, opt, scaler, most):          # a number, as train_on_batch returns
    x, y = batch
    opt.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.float16):
        loss = torch.nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss.item()

# %% exercise="scaled_step" verdict="wrong" says="ran in torch.float32: run it under autocast"
def scaled_step(model, batch, opt, scaler, most):          # no autocast: true float32
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(batch[0]), batch[1])
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), most)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="scaled_step" verdict="right"
def scaled_step(model, batch, opt, scaler, most):  # error by hand under autocast
    x, y = batch
    model.zero_grad()
    with torch.autocast(device_type=next(model.parameters()).device.type, dtype=torch.float16):
        loss = (model(x).float() - y).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=most)
    scaler.step(opt)
    scaler.update()
    return loss.detach()

# %% exercise="through" verdict="right"
def through(layers, x):          # next with a default
    for layer in layers:
        place = next(layer.parameters(), x).device
        x = layer(x.to(place))
    return x

# %% exercise="through" verdict="right"
def through(layers, x):          # folds with reduce
    from functools import reduce
    def run(value, layer):
        weights = list(layer.parameters())
        return layer(value.to(weights[0].device) if weights else value)
    return reduce(run, layers, x)

# %% exercise="through" verdict="right"
def through(layers, x):          # calls itself for the rest
    if not len(layers):
        return x
    devices = {p.device for p in layers[0].parameters()} or {x.device}
    return through(layers[1:], layers[0](x.to(devices.pop())))

# %% exercise="through" verdict="right"
def through(layers, x):          # pre-hooks carry the input, removed again at the end
    layers = list(layers)

    def carry(layer, args):
        return tuple(a.to(next(layer.parameters()).device) for a in args)

    handles = [layer.register_forward_pre_hook(carry) for layer in layers if any(True for _ in layer.parameters())]
    try:
        for layer in layers:
            x = layer(x)
    finally:
        for handle in handles:
            handle.remove()
    return x

# %% exercise="through" verdict="wrong" says="not carried to the second device"
def through(layers, x):          # trusts in silent copies
    for layer in layers:
        x = layer(x)
    return x

# %% exercise="through" verdict="wrong" says="the layers were moved to x"
def through(layers, x):          # moves the layers instead
    for layer in layers:
        for p in layer.parameters():
            if p.device != x.device:
                layer.to_empty(device=x.device)
                break
        x = layer(x)
    return x

# %% exercise="through" verdict="wrong" says="cut from the graph"
def through(layers, x):          # moves with detach, as one leaves for NumPy
    for layer in layers:
        for weight in layer.parameters():
            x = x.detach().to(weight.device)
        x = layer(x)
    return x.detach()

# %% exercise="through" verdict="wrong" says="a layer was left out"
def through(layers, x):          # skips layers without parameters
    for layer in layers:
        for weight in list(layer.parameters())[:1]:
            x = layer(x.to(weight.device))
    return x

# %% exercise="through" verdict="wrong" says="must stay on the last device"
def through(layers, x):          # brings the result home
    home = x.device
    for layer in layers:
        for weight in layer.parameters():
            x = x.to(weight.device)
        x = layer(x)
    return x.to(home)

# %% exercise="through" verdict="wrong" says="as a tensor, got list"
def through(layers, x):          # returns the result of every layer
    results = []
    for layer in layers:
        for weight in layer.parameters():
            x = x.to(weight.device)
        x = layer(x)
        results.append(x)
    return results

# %% exercise="through" verdict="wrong" says="x was not carried to the second device"
def through(layers, x):          # carries x once, to the first layer
    for p in (p for layer in layers for p in layer.parameters()):
        x = x.to(p.device)
        break
    for layer in layers:
        x = layer(x)
    return x

# %% exercise="through" verdict="wrong" says="the copy was cut from the graph"
def through(layers, x):          # detaches where the device changes
    for layer in layers:
        p = next(layer.parameters(), None)
        if p is not None and p.device != x.device:
            x = x.detach().to(p.device)
        x = layer(x)
    return x

# %% exercise="through" verdict="wrong" says="the layers were moved to x: carry x"
def through(layers, x):          # brings each layer to x
    for layer in layers:
        x = layer.to(x.device)(x)
    return x

# %% exercise="through" verdict="wrong" says="it ran on cpu"
def through(layers, x):          # layers without parameters are taken to lie on the CPU
    for layer in layers:
        p = next(layer.parameters(), torch.empty(0))
        x = layer(x.to(p.device))
    return x

# %% exercise="through" verdict="right"
def through(layers, x):  # recursion with try
    if not len(layers):
        return x
    head, *rest = layers
    try:
        x = x.to(next(head.parameters()).device)
    except StopIteration:
        pass
    return through(rest, head(x))
