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

# %% exercise="pick_device" verdict="wrong" says="a wish falls back silently"
def pick_device(prefer=None):          # soft placement, as in TensorFlow
    if prefer is not None and ("cuda" not in str(prefer) or torch.cuda.is_available()):
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
    return obj.to(device) if hasattr(obj, "to") else obj

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

# %% exercise="to_device" verdict="wrong" says="it has become a tensor"
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

# %% exercise="snapshot" verdict="right"
def snapshot(model, device):          # clone, then carry
    kept = {}
    for key, value in model.state_dict().items():
        kept[key] = value.clone().to(device)
    return kept

# %% exercise="snapshot" verdict="right"
def snapshot(model, device):          # writes into empty tensors
    def copied(value):
        return torch.empty_like(value, device=device).copy_(value)
    state = model.state_dict()
    return dict(zip(state.keys(), map(copied, state.values())))

# %% exercise="snapshot" verdict="right"
def snapshot(model, device):          # a deep copy of the model is moved
    import copy
    return dict(copy.deepcopy(model).to(device).state_dict())

# %% exercise="snapshot" verdict="wrong" says="the model itself was moved"
def snapshot(model, device):          # module.to changes the module
    return {k: v.clone() for k, v in model.to(device).state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="the buffers are missing"
def snapshot(model, device):          # takes the trained parameters alone
    return {k: v.detach().to(device, copy=True) for k, v in model.named_parameters()}

# %% exercise="snapshot" verdict="wrong" says="it shares the model's memory"
def snapshot(model, device):          # tensor.to returns the same tensor where nothing changes
    return {k: v.to(device) for k, v in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="must lie on the device asked for"
def snapshot(model, device):          # copies, but forgets the device
    return {k: v.clone() for k, v in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="the counter is an int64"
def snapshot(model, device):          # makes everything float
    return {k: v.to(device, torch.float32, copy=True) for k, v in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="return a dict, got list"
def snapshot(model, device):          # a list of arrays, as get_weights gives
    return [v.to(device, copy=True) for v in model.state_dict().values()]

# %% exercise="snapshot" verdict="wrong" says="the copies still record"
def snapshot(model, device):          # marks what it copied
    return {k: v.to(device, copy=True).requires_grad_(v.is_floating_point()) for k, v in model.state_dict().items()}

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
    return torch.empty_like(x, device=home) if x.is_meta else x.to(home)

# %% exercise="through" verdict="wrong" says="as a tensor, got list"
def through(layers, x):          # returns the result of every layer
    results = []
    for layer in layers:
        for weight in layer.parameters():
            x = x.to(weight.device)
        x = layer(x)
        results.append(x)
    return results
