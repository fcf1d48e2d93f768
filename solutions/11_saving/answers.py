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

# %% exercise="snapshot" verdict="wrong" says="running_mean went on with the model"
def snapshot(model):          # save-state-dict-content: copies what is trained, refers to the rest
    trained = dict(model.named_parameters())
    return {n: t.clone() if n in trained else t for n, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="names of the state dict are missing: ['1.num_batches_tracked'"
def snapshot(model):          # save-state-dict-content: believes that a state dict is its parameters
    return {name: p.detach().clone() for name, p in model.named_parameters()}

# %% exercise="snapshot" verdict="wrong" says="hangs on a graph"
def snapshot(model):          # clones the parameters themselves: each clone is a recorded result
    return {name: t.clone() for name, t in model.state_dict(keep_vars=True).items()}

# %% exercise="snapshot" verdict="wrong" says="from names to tensors, got Sequential"
def snapshot(model):          # save-whole-model: keeps the model
    return copy.deepcopy(model)

# %% exercise="snapshot" verdict="wrong" says="0.weight: expected a tensor, got ndarray"
def snapshot(model):          # get_weights() habit: arrays
    return {name: t.cpu().numpy().copy() for name, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="right"
# deep copy of the state dict
def snapshot(model):
    return copy.deepcopy(model.state_dict())

# %% exercise="snapshot" verdict="right"
# through a file in memory: writing copies
def snapshot(model):
    memory = io.BytesIO()
    torch.save(model.state_dict(), memory)
    memory.seek(0)
    return torch.load(memory)

# %% exercise="snapshot" verdict="right"
# empty tensors filled by copy_
def snapshot(model):
    return {name: torch.empty_like(t).copy_(t) for name, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="moved along with training"
# No later training may change it: a shallow copy has a dict of its own but the living tensors
def snapshot(model):
    return model.state_dict().copy()

# %% exercise="snapshot" verdict="wrong" says="a tensor was fetched from its device"
# on their devices: fetches everything to the CPU
def snapshot(model):
    return {name: t.detach().cpu().clone() for name, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="dict are missing: ['3.bias', '3.weight']"
# from the names of the model's state dict: non-persistent buffers come along, shared weights come under one name only
def snapshot(model):
    return {name: t.detach().clone() for name, t in [*model.named_parameters(), *model.named_buffers()]}

# %% exercise="snapshot" verdict="wrong" says="left in eval mode"
# the model stays as it was: it is left in eval mode
def snapshot(model):
    model.eval()
    return {name: t.clone() for name, t in model.state_dict().items()}

# %% exercise="snapshot" verdict="wrong" says="1.num_batches_tracked: expected torch.int64"
# with their dtypes: the batch norm's counter and half weights become float32
def snapshot(model):
    return {name: torch.tensor(t.tolist(), dtype=torch.float32, device=t.device) for name, t in model.state_dict().items()}

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

# %% exercise="loadable" verdict="wrong" says="step should become 7"
def loadable(entry):          # every number becomes a float
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return float(entry) if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="int16 in a dict: expected a tensor, got list"
def loadable(entry):          # tolist for all of NumPy
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, list):
        return [loadable(part) for part in entry]
    return entry.tolist() if isinstance(entry, (np.ndarray, np.generic)) else entry

# %% exercise="loadable" verdict="wrong" says="look inside lists too"
def loadable(entry):          # goes through dicts alone
    if isinstance(entry, dict):
        return {name: loadable(part) for name, part in entry.items()}
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry)
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="right"
# plain recursion; copy makes memory of its own and positive strides
def loadable(entry):
    if isinstance(entry, dict):
        return {name: loadable(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return list(map(loadable, entry))
    if isinstance(entry, np.ndarray):
        return torch.from_numpy(entry.copy())
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="right"
# tree_map that stops at everything but dict and list
def loadable(entry):
    from torch.utils._pytree import tree_map

    def plain(leaf):
        if isinstance(leaf, np.generic):
            return leaf.item()
        return torch.tensor(leaf.copy()) if isinstance(leaf, np.ndarray) else leaf

    return tree_map(plain, entry, is_leaf=lambda node: not isinstance(node, (dict, list)))

# %% exercise="loadable" verdict="right"
# dispatch on the type
def loadable(entry):
    from functools import singledispatch

    @singledispatch
    def plain(x):
        return x

    plain.register(np.generic, lambda x: x.item())
    plain.register(np.ndarray, lambda x: torch.from_numpy(np.array(x, copy=True, order="C")))
    plain.register(dict, lambda x: dict(zip(x.keys(), map(plain, x.values()))))
    plain.register(list, lambda x: [plain(value) for value in x])
    return plain(entry)

# %% exercise="loadable" verdict="wrong" says="is a float to isinstance"
# each NumPy scalar the plain Python number: np.float64 is a float to isinstance and is let through
def loadable(entry):
    if entry is None or isinstance(entry, (bool, int, float, str)):
        return entry
    if isinstance(entry, dict):
        return {name: loadable(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [loadable(value) for value in entry]
    if isinstance(entry, np.ndarray):
        return torch.tensor(entry.copy())
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="share one memory"
# with memory of its own: from_numpy shares the array's
def loadable(entry):
    if isinstance(entry, dict):
        return {name: loadable(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [loadable(value) for value in entry]
    if isinstance(entry, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(entry))
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="int16 in a dict: expected torch.int16"
# a tensor of the same dtype: torch.Tensor makes float32 of any array
def loadable(entry):
    if isinstance(entry, dict):
        return {name: loadable(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [loadable(value) for value in entry]
    if isinstance(entry, np.ndarray):
        return torch.Tensor(entry.copy())
    return entry.item() if isinstance(entry, np.generic) else entry

# %% exercise="loadable" verdict="wrong" says="should be the same object as before"
# everything else is the same object: the whole nest is deep-copied first, tensors included
def loadable(entry):
    def plain(x):
        if isinstance(x, dict):
            return {name: plain(value) for name, value in x.items()}
        if isinstance(x, list):
            return [plain(value) for value in x]
        if isinstance(x, np.ndarray):
            return torch.from_numpy(x.copy())
        return x.item() if isinstance(x, np.generic) else x

    return plain(copy.deepcopy(entry))

# %% exercise="loadable" verdict="wrong" says="dictionary was changed"
# The caller's nest stays as it was: writes the plain values into it
def loadable(entry):
    if isinstance(entry, (dict, list)):
        for place in list(entry) if isinstance(entry, dict) else range(len(entry)):
            entry[place] = loadable(entry[place])
        return entry
    if isinstance(entry, np.ndarray):
        return torch.from_numpy(entry.copy())
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

# %% exercise="load_checkpoint" verdict="right"
# to the CPU by name, everything spelled out
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
    torch.set_rng_state(saved["rng"])
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="right"
# a function as map_location keeps each storage on the CPU; file read at once; the default generator's own method
def load_checkpoint(path, model, optimizer):
    with open(path, "rb") as file:
        saved = torch.load(io.BytesIO(file.read()), map_location=lambda storage, place: storage)
    for part, name in ((model.train(), "model"), (optimizer, "optimizer")):
        part.load_state_dict(saved[name])
    torch.default_generator.set_state(saved["rng"])
    return saved["step"]

# %% exercise="load_checkpoint" verdict="right"
# straight to the model's device, and the generator's state back to the CPU
def load_checkpoint(path, model, optimizer):
    here = next(model.parameters()).device
    saved = torch.load(path, map_location=here)
    model.load_state_dict(saved["model"], strict=True)
    model.train(True)
    optimizer.load_state_dict(saved["optimizer"])
    torch.random.set_rng_state(saved["rng"].cpu())
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="ran code from the file"
# no file may run code: weights_only=False
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location="cpu", weights_only=False)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="accepted in silence"
# put all of it back: strict=False leaves weights under other names unloaded, silently
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"], strict=False)
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="written on cuda:1 is refused"
# Files from a GPU machine must load on any other: maps cuda:0 alone, a file from cuda:1 is refused
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location={"cuda:0": "cpu"})
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="the optimizer has no moments"
# put all of it back: updating the dict that state_dict() hands out changes nothing in the optimizer's groups and step counts
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    optimizer.state_dict().update(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    model.train()
    return saved["step"]

# %% exercise="load_checkpoint" verdict="wrong" says="the rate should come from the file"
# put all of it back: keeps the learning rate and other settings of the new optimizer, takes over the moments only (the optimizer state dict holds both)
def load_checkpoint(path, model, optimizer):
    saved = torch.load(path, map_location="cpu")
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict({"state": saved["optimizer"]["state"], "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(saved["rng"])
    model.train()
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

# %% exercise="load_matching" verdict="right"
# copy_ into the living tensors of state_dict
def load_matching(model, state):
    own, loaded, skipped = model.state_dict(), [], []
    for name, t in state.items():
        name = name[len("module."):] if name.startswith("module.") else name
        if name in own and own[name].shape == t.shape:
            own[name].copy_(t)
            loaded.append(name)
        else:
            skipped.append(name)
    return sorted(loaded), sorted(skipped)

# %% exercise="load_matching" verdict="right"
# a strict load of the model's own state overlaid with what fits
def load_matching(model, state):
    own = model.state_dict()
    named = {name.removeprefix("module."): t for name, t in state.items()}
    fits = {name for name, t in named.items() if name in own and tuple(own[name].shape) == tuple(t.shape)}
    model.load_state_dict({name: named[name] if name in fits else t for name, t in own.items()})
    return sorted(fits), sorted(named.keys() - fits)

# %% exercise="load_matching" verdict="right"
# filter, load with strict=False, and read the names off the report
def load_matching(model, state):
    shapes = {name: t.shape for name, t in model.state_dict().items()}
    named = {name.removeprefix("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in named.items() if shapes.get(name) == t.shape}
    report = model.load_state_dict(fitting, strict=False)
    assert not report.unexpected_keys
    return sorted(fitting), sorted(set(named) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="only at the start of a name"
# Remove the prefix from names that begin with it: replace also cuts it out of the middle of a name
def load_matching(model, state):
    own = model.state_dict()
    named = {name.replace("module.", ""): t for name, t in state.items()}
    fitting = {name: t for name, t in named.items() if name in own and own[name].shape == t.shape}
    model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(set(named) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="lose `module.` at their start and no other letter"
# Remove the prefix module.: lstrip removes letters of the set, so module.embed.weight becomes bed.weight
def load_matching(model, state):
    own = model.state_dict()
    named = {name.lstrip("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in named.items() if name in own and own[name].shape == t.shape}
    model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(set(named) - set(fitting))

# %% exercise="load_matching" verdict="wrong" says="another shape was stretched"
# a place of the same name and shape: copy_ stretches whatever broadcasts
def load_matching(model, state):
    own, loaded, skipped = model.state_dict(), [], []
    for name, t in state.items():
        name = name.removeprefix("module.")
        try:
            own[name].copy_(t)
            loaded.append(name)
        except (KeyError, RuntimeError):
            skipped.append(name)
    return sorted(loaded), sorted(skipped)

# %% exercise="load_matching" verdict="wrong" says="its names are others now"
# state stays as it was: renames and drops entries in the caller's dict
def load_matching(model, state):
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

# %% exercise="load_matching" verdict="wrong" says="without a place, sorted"
# the names in state that were not loaded: reports the model's missing keys instead
def load_matching(model, state):
    own = model.state_dict()
    named = {name.removeprefix("module."): t for name, t in state.items()}
    fitting = {name: t for name, t in named.items() if name in own and own[name].shape == t.shape}
    report = model.load_state_dict(fitting, strict=False)
    return sorted(fitting), sorted(report.missing_keys)

# %% exercise="load_matching" verdict="wrong" says="same number of elements is not same shape"
def load_matching(model, state):  # the number of elements is enough
    own = model.state_dict()
    plain = {name.removeprefix("module."): t for name, t in state.items()}
    fits = {n: t.reshape(own[n].shape) for n, t in plain.items() if n in own and own[n].numel() == t.numel()}
    model.load_state_dict(fits, strict=False)
    return sorted(fits), sorted(plain.keys() - fits.keys())

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

# %% exercise="save_safely" verdict="wrong" says="in the middle of saving path holds half a file"
def save_safely(state, path):          # save_weights habit: straight onto the old file
    torch.save(state, path)

# %% exercise="save_safely" verdict="wrong" says="after OSError('disk full') other files"
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

# %% exercise="save_safely" verdict="right"
# another name beside it, cleared away in finally
def save_safely(state, path):
    part = f"{path}.{os.getpid()}.part"
    try:
        torch.save(state, part)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.unlink(part)

# %% exercise="save_safely" verdict="right"
# a named temporary file in the folder of path
def save_safely(state, path):
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or os.curdir, suffix=".tmp", delete=False) as file:
        try:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise

# %% exercise="save_safely" verdict="right"
# pickled in memory first, then written beside path with pathlib and swapped in
def save_safely(state, path):
    from pathlib import Path
    memory = io.BytesIO()
    torch.save(state, memory)
    part = Path(path).with_name(Path(path).name + ".new")
    try:
        part.write_bytes(memory.getvalue())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

# %% exercise="save_safely" verdict="wrong" says="perhaps on another disk"
# under another name in the same folder: writes to the system's temporary folder
def save_safely(state, path):
    number, part = tempfile.mkstemp(suffix=".pt")
    os.close(number)
    try:
        torch.save(state, part)
        os.replace(part, path)
    except BaseException:
        os.remove(part)
        raise

# %% exercise="save_safely" verdict="wrong" says="for a moment there is no file"
# at every moment path is either the whole old file or the whole new one: removes the old one before the rename
def save_safely(state, path):
    part = path + ".tmp"
    try:
        torch.save(state, part)
        if os.path.exists(path):
            os.remove(path)
        os.rename(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise

# %% exercise="save_safely" verdict="wrong" says="after KeyboardInterrupt('by hand') other files"
# If saving stops with an error, whichever, no other file stays behind: except Exception does not see a KeyboardInterrupt
def save_safely(state, path):
    part = path + ".tmp"
    try:
        torch.save(state, part)
        os.replace(part, path)
    except Exception:
        if os.path.exists(part):
            os.remove(part)
        raise

# %% exercise="save_safely" verdict="wrong" says="copied over the old one"
# then swap the names in one step: copies the finished file over the old one
def save_safely(state, path):
    import shutil
    part = path + ".tmp"
    try:
        torch.save(state, part)
        shutil.copyfile(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)

# %% exercise="save_safely" verdict="wrong" says="the old file was moved aside"
# at every moment path is either the whole old file or the whole new one: moves the old one aside and writes on path itself
def save_safely(state, path):
    backup, had = path + ".bak", os.path.exists(path)
    if had:
        os.replace(path, backup)
    try:
        torch.save(state, path)
    except BaseException:
        if had:
            os.replace(backup, path)
        elif os.path.exists(path):
            os.remove(path)
        raise
    if had:
        os.remove(backup)

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

# %% exercise="torch_state" verdict="wrong" says="4.weight of float64 arrays: expected shape (2, 60)"
def torch_state(weights, height, width):          # keeps the dense kernel as (features, out)
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta, "1.running_mean": mean,
            "1.running_var": variance, "1.num_batches_tracked": torch.tensor(0), "4.weight": dense, "4.bias": offset}

# %% exercise="torch_state" verdict="right"
# all of it in NumPy, copied once at the end
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = weights
    channels, classes = kernel.shape[3], dense.shape[1]
    dense = dense.reshape(height, width, channels, classes).transpose(3, 2, 0, 1).reshape(classes, -1)
    arrays = {
        "0.weight": kernel.transpose(3, 2, 0, 1), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "4.weight": dense, "4.bias": offset,
    }
    state = {name: torch.from_numpy(np.array(array, order="C", copy=True)) for name, array in arrays.items()}
    return state | {"1.num_batches_tracked": torch.tensor(0)}

# %% exercise="torch_state" verdict="right"
# builds the net, copies the numbers in and hands out its state dict
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w, device="cpu") for w in weights)
    rows, columns, channels, filters = kernel.shape
    net = nn.Sequential(nn.Conv2d(channels, filters, (rows, columns)), nn.BatchNorm2d(filters, eps=1e-3), nn.ReLU(), nn.Flatten(), nn.Linear(*dense.shape)).to("cpu", kernel.dtype)
    order = torch.arange(len(dense)).reshape(height, width, filters).permute(2, 0, 1).flatten()
    with torch.no_grad():
        net[0].weight.copy_(kernel.permute(3, 2, 0, 1))
        net[0].bias.copy_(bias)
        net[1].weight.copy_(gamma)
        net[1].bias.copy_(beta)
        net[1].running_mean.copy_(mean)
        net[1].running_var.copy_(variance)
        net[4].weight.copy_(dense[order].T)
        net[4].bias.copy_(offset)
    return net.state_dict()

# %% exercise="torch_state" verdict="right"
# einsum moves the axes, index order of the dense rows
def torch_state(weights, height, width):
    t = [torch.tensor(w) for w in weights]
    names = ("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight", "4.bias")
    state = OrderedDict(zip(names, t))
    state["0.weight"] = torch.einsum("hwio->oihw", t[0]).contiguous()
    state["4.weight"] = torch.einsum("hwco->ochw", t[6].unflatten(0, (height, width, -1))).flatten(1)
    state["1.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
    return state

# %% exercise="torch_state" verdict="wrong" says="is only transposed"
# Keras flattens (height, width, channel), PyTorch (channel, height, width): the dense kernel is only transposed
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {
        "0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "1.num_batches_tracked": torch.tensor(0), "4.weight": dense.T, "4.bias": offset,
    }

# %% exercise="torch_state" verdict="wrong" says="the convolution differs"
# An image in, the same scores out: the kernel's height and width are exchanged, and for square kernels no shape tells
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {
        "0.weight": kernel.permute(3, 2, 1, 0), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "1.num_batches_tracked": torch.tensor(0),
        "4.weight": dense.reshape(height, width, -1, len(offset)).permute(3, 2, 0, 1).flatten(1), "4.bias": offset,
    }

# %% exercise="torch_state" verdict="wrong" says="it follows it"
# with memory of its own: biases and statistics are the arrays' memory
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.from_numpy(w) for w in weights)
    return {
        "0.weight": kernel.permute(3, 2, 0, 1).clone(), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "1.num_batches_tracked": torch.tensor(0),
        "4.weight": dense.reshape(height, width, -1, len(offset)).permute(3, 2, 0, 1).flatten(1), "4.bias": offset,
    }

# %% exercise="torch_state" verdict="right"
# height and width exchanged: both are flattened again, in the same order
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w) for w in weights)
    return {
        "0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "1.num_batches_tracked": torch.tensor(0),
        "4.weight": dense.reshape(width, height, -1, len(offset)).permute(3, 2, 0, 1).flatten(1), "4.bias": offset,
    }

# %% exercise="torch_state" verdict="wrong" says="0.weight of float64 arrays: expected torch.float64"
# in the dtype of the arrays: everything becomes float32
def torch_state(weights, height, width):
    kernel, bias, gamma, beta, mean, variance, dense, offset = (torch.tensor(w, dtype=torch.float32) for w in weights)
    return {
        "0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias,
        "1.weight": gamma, "1.bias": beta, "1.running_mean": mean, "1.running_var": variance,
        "1.num_batches_tracked": torch.tensor(0),
        "4.weight": dense.reshape(height, width, -1, len(offset)).permute(3, 2, 0, 1).flatten(1), "4.bias": offset,
    }

# %% exercise="torch_state" verdict="wrong" says="height and width are exchanged"
def torch_state(weights, height, width):  # width before height
    kernel, bias, gamma, beta, mean, var, dense, offset = (torch.tensor(w) for w in weights)
    return {"0.weight": kernel.permute(3, 2, 0, 1), "0.bias": bias, "1.weight": gamma, "1.bias": beta,
            "1.running_mean": mean, "1.running_var": var, "1.num_batches_tracked": torch.tensor(0),
            "4.weight": dense.reshape(width, height, len(bias), -1).permute(3, 2, 1, 0).flatten(1),
            "4.bias": offset}

# %% exercise="torch_state" verdict="right"
def torch_state(weights, height, width):  # einsum for the axes
    w = [torch.from_numpy(a).clone() for a in weights]
    dense = w[6].view(height, width, w[1].numel(), w[7].numel())
    return {"0.weight": torch.einsum("hwio->oihw", w[0]), "0.bias": w[1],
            "1.weight": w[2], "1.bias": w[3], "1.running_mean": w[4], "1.running_var": w[5],
            "1.num_batches_tracked": torch.tensor(0),
            "4.weight": torch.einsum("hwco->ochw", dense).reshape(w[7].numel(), -1), "4.bias": w[7]}
