# %% exercise="snapshot" verdict="right"
def snapshot(model):          # a deep copy copies storages too
    return copy.deepcopy(model.state_dict())

# %% exercise="snapshot" verdict="right"
def snapshot(model):          # empty tensors of the same kind, filled one by one
    copies = OrderedDict()
    for name, tensor in model.state_dict().items():
        copies[name] = torch.empty_like(tensor).copy_(tensor)
    return copies

# %% exercise="snapshot" verdict="right"
def snapshot(model):          # the state dict of a model of its own
    twin = copy.deepcopy(model)
    return dict(twin.state_dict())

# %% exercise="snapshot" verdict="wrong" says="moved along with training"
def snapshot(model):          # trap alias: takes state_dict() for get_weights()
    return model.state_dict()

# %% exercise="snapshot" verdict="wrong" says="running_mean went on with the model"
def snapshot(model):          # save-state-dict-content: copies what is trained, refers to the rest
    trained = dict(model.named_parameters())
    return {n: t.clone() if n in trained else t for n, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="buffers are missing"
def snapshot(model):          # save-state-dict-content: believes that a state dict is its parameters
    return {name: p.detach().clone() for name, p in model.named_parameters()}

# %% exercise="snapshot" verdict="wrong" says="hang on a graph"
def snapshot(model):          # clones the parameters themselves: each clone is a recorded result
    copies = {name: p.clone() for name, p in model.named_parameters()}
    return copies | {name: b.clone() for name, b in model.named_buffers()}

# %% exercise="snapshot" verdict="wrong" says="from names to tensors, got Sequential"
def snapshot(model):          # save-whole-model: keeps the model
    return copy.deepcopy(model)

# %% exercise="snapshot" verdict="wrong" says="not an array or a list"
def snapshot(model):          # get_weights() habit: arrays
    return {name: t.cpu().numpy().copy() for name, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="another dtype than its tensor"
def snapshot(model):          # makes every entry float32 "to be sure"
    return {name: t.float().clone() for name, t in model.state_dict().items()}

# %% exercise="loadable" verdict="right"
def loadable(entry):          # one case per kind
    match entry:
        case dict():
            return dict(zip(entry, map(loadable, entry.values())))
        case list():
            return list(map(loadable, entry))
        case np.ndarray():
            return torch.from_numpy(entry.copy())
        case np.generic():
            return entry.tolist()
        case _:
            return entry

# %% exercise="loadable" verdict="right"
def loadable(entry):          # arrays and scalars both know tolist; the module says who is NumPy's
    if type(entry) is dict:
        entry = {**entry}
        for name in entry:
            entry[name] = loadable(entry[name])
    elif type(entry) is list:
        entry = [*entry]
        for i in range(len(entry)):
            entry[i] = loadable(entry[i])
    elif type(entry).__module__ == "numpy":
        entry = torch.as_tensor(entry.copy()) if isinstance(entry, np.ndarray) else entry.tolist()
    return entry

# %% exercise="loadable" verdict="right"
def loadable(entry):          # torch's own walk over nests
    def plain(leaf):
        if isinstance(leaf, np.ndarray):
            return torch.tensor(leaf.copy())
        return leaf.item() if isinstance(leaf, np.generic) else leaf
    return torch.utils._pytree.tree_map(plain, entry)

# %% exercise="loadable" verdict="wrong" says="dictionary was changed"
def loadable(entry):          # rewrites the caller's nest
    if isinstance(entry, (dict, list)):
        for key in list(entry) if isinstance(entry, dict) else range(len(entry)):
            entry[key] = loadable(entry[key])
        return entry
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="is a float to isinstance"
def loadable(entry):          # lets plain numbers pass first, and np.float64 with them
    if isinstance(entry, (float, int, str)):
        return entry
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="should become the int 7"
def loadable(entry):          # every number becomes a float
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return float(entry) if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="should become a tensor, got list"
def loadable(entry):          # tolist for all of NumPy
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    return entry.tolist() if isinstance(entry, (np.ndarray, np.generic)) else entry

# %% exercise="loadable" verdict="wrong" says="keep the array's int16"
def loadable(entry):          # tensor-vs-Tensor: torch.Tensor makes float32
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    if isinstance(entry, np.ndarray):
        return torch.Tensor(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="look inside lists too"
def loadable(entry):          # goes through dicts alone
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="share one memory"
def loadable(entry):          # numpy-bridge-shared: from_numpy does not copy
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    if isinstance(entry, np.ndarray):
        return torch.from_numpy(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="load_checkpoint" verdict="right"
def load_checkpoint(path, model, optimizer):          # onto the model's device, the generator's state back from there
    where = next(model.parameters()).device
    saved = torch.load(path, map_location=where, weights_only=True)
    for part, name in ((model, "model"), (optimizer, "optimizer")):
        part.load_state_dict(saved[name])
    model.train(True)
    torch.random.set_rng_state(saved["rng"].cpu())
    return saved["step"]

# %% exercise="load_checkpoint" verdict="right"
def load_checkpoint(path, model, optimizer):          # reads the bytes itself, maps by a function, sets the generator object
    with open(path, "rb") as stream:
        content = io.BytesIO(stream.read())
    saved = torch.load(content, map_location=lambda storage, place: storage)
    optimizer.load_state_dict(saved.pop("optimizer"))
    torch.default_generator.set_state(saved.pop("rng"))
    model.train().load_state_dict(saved.pop("model"))
    return saved.pop("step")

# %% exercise="load_checkpoint" verdict="right"
def load_checkpoint(path, model, optimizer):          # a table from entries to what takes them
    saved = torch.load(path, map_location=torch.device("cpu"))
    takers = {"model": model.load_state_dict, "optimizer": optimizer.load_state_dict, "rng": torch.set_rng_state}
    for name, take in takers.items():
        take(saved[name])
    for module in model.modules():
        module.training = True
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="Adam starts from nothing"
def load_checkpoint(path, model, optimizer):          # trap resume: weights alone, as load_weights
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    model.train()
    torch.set_rng_state(saved["rng"])
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="other random numbers follow"
def load_checkpoint(path, model, optimizer):          # forgets the generator
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="model is in eval mode"
def load_checkpoint(path, model, optimizer):          # trap mode: believes that the mode is in the file
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="say where its tensors should arrive"
def load_checkpoint(path, model, optimizer):          # trap device: loads to where the file says
    saved = torch.load(path)
    model.load_state_dict(saved["model"])
    model.train()
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"].cpu())
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="return the step, an int"
def load_checkpoint(path, model, optimizer):          # returns the whole checkpoint
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    model.train()
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    return saved

# %% exercise="load_checkpoint" verdict="wrong" says="the file says step 5, you returned 6"
def load_checkpoint(path, model, optimizer):          # already counts the next step
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    model.train()
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    return saved["step"] + 1

# %% exercise="load_checkpoint" verdict="wrong" says="are not those of the file: buffers"
def load_checkpoint(path, model, optimizer):          # save-state-dict-content: loads what is trained
    saved = torch.load(path, map_location="cpu")
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(saved["model"][name])
    model.train()
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="ran code from the file"
def load_checkpoint(path, model, optimizer):          # save-pickle-danger: the switch that makes every error go away
    saved = torch.load(path, map_location="cpu", weights_only=False)
    model.load_state_dict(saved["model"])
    model.train()
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    return saved["step"]

# %% exercise="load_matching" verdict="right"
def load_matching(model, state):          # copies by hand, entry by entry
    own, loaded, skipped = model.state_dict(), [], []
    for name, value in state.items():
        name = name[7:] if name.startswith("module.") else name
        if name in own and own[name].shape == value.shape:
            own[name].copy_(value)
            loaded.append(name)
        else:
            skipped.append(name)
    return sorted(loaded), sorted(skipped)

# %% exercise="load_matching" verdict="right"
def load_matching(model, state):          # fills the gaps from the model and loads strictly
    import re
    own = dict(model.state_dict())
    shapes = {name: tuple(t.shape) for name, t in own.items()}
    renamed = {re.sub(r"\Amodule\.", "", name): t for name, t in state.items()}
    skipped = sorted(name for name, t in renamed.items() if shapes.get(name) != tuple(t.shape))
    loaded = sorted(set(renamed).difference(skipped))
    model.load_state_dict(own | {name: renamed[name] for name in loaded})
    return loaded, skipped

# %% exercise="load_matching" verdict="right"
def load_matching(model, state):          # pairs of name and shape: places on one side, offers on the other
    places = {(name, t.shape) for name, t in model.state_dict().items()}
    verdicts, chosen = {True: [], False: []}, OrderedDict()
    for name in sorted(state, key=lambda name: name.removeprefix("module.")):
        own = "".join(name.partition("module.")[2:]) if name.startswith("module.") else name
        fits = (own, state[name].shape) in places
        verdicts[fits] += [own]
        if fits:
            chosen[own] = state[name]
    model.load_state_dict(chosen, strict=False)
    return verdicts[True], verdicts[False]

# %% exercise="load_matching" verdict="wrong" says="strict=False forgives names only"
def load_matching(model, state):          # trap strict: leaves it to strict=False
    state = {name.removeprefix("module."): t for name, t in state.items()}
    report = model.load_state_dict(state, strict=False)
    return sorted(set(state) - set(report.unexpected_keys)), sorted(report.unexpected_keys)

# %% exercise="load_matching" verdict="wrong" says="still carry their prefix"
def load_matching(model, state):          # trap strict: one prefix too many, nothing is loaded
    own = model.state_dict()
    fitting = {name: t for name, t in state.items() if name in own and t.shape == own[name].shape}
    model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(set(state) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="one only at the start"
def load_matching(model, state):          # replaces module. wherever it stands
    own = model.state_dict()
    state = {name.replace("module.", ""): t for name, t in state.items()}
    fitting = {name: t for name, t in state.items() if name in own and t.shape == own[name].shape}
    model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(set(state) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="missing and unexpected names are allowed"
def load_matching(model, state):          # filters the shapes and loads strictly
    own = model.state_dict()
    state = {name.removeprefix("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in state.items() if name in own and t.shape == own[name].shape}
    model.load_state_dict(fitting)
    return sorted(fitting), sorted(set(state) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="buffers have a place"
def load_matching(model, state):          # save-state-dict-content: looks for places among the parameters
    own = dict(model.named_parameters())
    state = {name.removeprefix("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in state.items() if name in own and t.shape == own[name].shape}
    model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(set(state) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="without a place, sorted"
def load_matching(model, state):          # takes the model's missing keys for the skipped ones
    own = model.state_dict()
    state = {name.removeprefix("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in state.items() if name in own and t.shape == own[name].shape}
    report = model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(report.missing_keys)

# %% exercise="load_matching" verdict="wrong" says="another shape was stretched"
def load_matching(model, state):          # broadcasting-trap: copy_ stretches what is too small
    own, loaded, skipped = model.state_dict(), [], []
    for name, t in state.items():
        name = name.removeprefix("module.")
        try:
            own[name].copy_(t)
            loaded.append(name)
        except (KeyError, RuntimeError):
            skipped.append(name)
    return sorted(loaded), sorted(skipped)

# %% exercise="save_safely" verdict="right"
def save_safely(state, path):          # pickles into memory first: an error there touches no file
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with open(path + "~", "wb") as stream:
        stream.write(buffer.getvalue())
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(path + "~", path)

# %% exercise="save_safely" verdict="right"
def save_safely(state, path):          # a name of its own from tempfile, in the same folder
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path) or ".", suffix=".tmp")
    part = os.path.join(os.path.dirname(path), os.path.basename(part))
    try:
        with os.fdopen(handle, "wb") as stream:
            torch.save(state, stream)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.unlink(part)

# %% exercise="save_safely" verdict="right"
def save_safely(state, path):          # pathlib, and a flag that says whether it went well
    from pathlib import Path
    target, done = Path(path), False
    part = target.with_name(target.name + ".new")
    try:
        torch.save(state, part)
        done = True
    finally:
        part.replace(target) if done else part.unlink()

# %% exercise="save_safely" verdict="wrong" says="write under another name first"
def save_safely(state, path):          # save_weights habit: straight onto the old file
    torch.save(state, path)

# %% exercise="save_safely" verdict="wrong" says="for a moment there is no file"
def save_safely(state, path):          # makes room before it renames
    part = path + ".part"
    try:
        torch.save(state, part)
    except BaseException:
        os.remove(part)
        raise
    if os.path.exists(path):
        os.remove(path)
    os.rename(part, path)

# %% exercise="save_safely" verdict="wrong" says="copied over the old one"
def save_safely(state, path):          # copies the finished file instead of renaming it
    import shutil
    part = path + ".part"
    try:
        torch.save(state, part)
        shutil.copyfile(part, path)
    finally:
        os.remove(part)

# %% exercise="save_safely" verdict="wrong" says="perhaps on another disk"
def save_safely(state, path):          # writes where temporary files go
    with tempfile.TemporaryDirectory() as folder:
        part = os.path.join(folder, "part")
        torch.save(state, part)
        os.replace(part, path)

# %% exercise="save_safely" verdict="wrong" says="left other files behind"
def save_safely(state, path):          # forgets what stays when saving stops
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)

# %% exercise="save_safely" verdict="wrong" says="while saving was swallowed"
def save_safely(state, path):          # tidies up and says nothing
    part = path + ".part"
    try:
        torch.save(state, part)
    except BaseException:
        os.remove(part)
    else:
        os.replace(part, path)

# %% exercise="save_safely" verdict="wrong" says="interrupt files were left behind"
def save_safely(state, path):          # an interrupt by hand is no Exception
    part = path + ".part"
    try:
        torch.save(state, part)
    except Exception:
        os.remove(part)
        raise
    os.replace(part, path)

# %% exercise="torch_state" verdict="right"
def torch_state(weights, height, width):          # everything in NumPy, tensors at the end
    kernel, bias, gamma, beta, mean, variance, dense, offset = weights
    maps = dense.reshape(height, width, bias.size, offset.size)
    arrays = {
        "0.weight": np.transpose(kernel, (3, 2, 0, 1)), "0.bias": bias, "1.weight": gamma, "1.bias": beta,
        "1.running_mean": mean, "1.running_var": variance, "1.num_batches_tracked": np.array(0),
        "4.weight": np.transpose(maps, (3, 2, 0, 1)).reshape(offset.size, -1), "4.bias": offset,
    }
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

# %% exercise="torch_state" verdict="right"
def torch_state(weights, height, width):          # a real net, filled in place
    kernel, bias, *norm, dense, offset = [torch.as_tensor(w) for w in weights]
    conv = nn.Conv2d(kernel.shape[2], kernel.shape[3], tuple(kernel.shape[:2]))
    net = nn.Sequential(conv, nn.BatchNorm2d(len(bias)), nn.ReLU(), nn.Flatten(), nn.Linear(*dense.shape)).to(kernel.dtype)
    order = torch.arange(len(dense)).view(height, width, -1).permute(2, 0, 1).flatten()
    own = net.state_dict()
    for name, value in zip(("1.weight", "1.bias", "1.running_mean", "1.running_var"), norm):
        own[name].copy_(value)
    own["0.weight"].copy_(torch.einsum("hwio->oihw", kernel))
    own["0.bias"].copy_(bias)
    own["4.weight"].copy_(dense[order].T)
    own["4.bias"].copy_(offset)
    return own

# %% exercise="torch_state" verdict="right"
def torch_state(weights, height, width):          # swaps axes step by step
    names = "0.weight 0.bias 1.weight 1.bias 1.running_mean 1.running_var 4.weight 4.bias".split()
    state = {name: torch.from_numpy(w).clone() for name, w in zip(names, weights)}
    state["0.weight"] = state["0.weight"].movedim((3, 2), (0, 1))
    columns = state["4.weight"].T
    state["4.weight"] = columns.unflatten(1, (height * width, -1)).transpose(1, 2).reshape(columns.shape)
    state["1.num_batches_tracked"] = torch.zeros((), dtype=torch.long)
    return state

# %% exercise="torch_state" verdict="wrong" says="only the dense layer differs"
def torch_state(weights, height, width):          # trap flatten-order: transposed, and that is all
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense.T, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="the convolution differs"
def torch_state(weights, height, width):          # reverses the kernel's axes: width before height
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    dense = dense.reshape(height, width, len(bias), -1).permute(3, 2, 0, 1).flatten(1)
    return {"0.weight": kernel.permute(3, 2, 1, 0), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="gamma is the weight"
def torch_state(weights, height, width):          # beta before gamma
    kernel, bias, beta, gamma, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    dense = dense.reshape(height, width, len(bias), -1).permute(3, 2, 0, 1).flatten(1)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="not the third of Keras's four"
def torch_state(weights, height, width):          # moving variance before moving mean
    kernel, bias, gamma, beta, variance, mean, dense, offset = (torch.tensor(w) for w in weights)
    dense = dense.reshape(height, width, len(bias), -1).permute(3, 2, 0, 1).flatten(1)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="a strict load wants other names"
def torch_state(weights, height, width):          # Keras keeps no count, so it is left out
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    dense = dense.reshape(height, width, len(bias), -1).permute(3, 2, 0, 1).flatten(1)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="PyTorch wants other shapes"
def torch_state(weights, height, width):          # keeps the dense kernel as (features, out)
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="wrong" says="it follows them"
def torch_state(weights, height, width):          # numpy-bridge-shared: from_numpy does not copy
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.from_numpy(w) for w in weights)
    dense = dense.reshape(height, width, len(bias), -1).permute(3, 2, 0, 1).flatten(1)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="snapshot" verdict="wrong" says="the model was left in eval mode"
def snapshot(model):          # leaves the model in eval mode
    model.eval()
    return {name: t.clone() for name, t in model.state_dict().items()}

# %% exercise="load_matching" verdict="wrong" says="its names are others now"
def load_matching(model, state):          # renames and drops entries in the caller's dict
    own, skipped = model.state_dict(), []
    for name in list(state):
        t = state.pop(name)
        name = name.removeprefix("module.")
        if name in own and own[name].shape == t.shape:
            state[name] = t
        else:
            skipped.append(name)
    model.load_state_dict(state, strict=False)
    return sorted(state), sorted(skipped)
