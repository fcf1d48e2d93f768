# %% exercise="mean_loss" verdict="right"
def mean_loss(model, batches, loss_fn):          # collect, then one weighted mean
    came, sizes, losses = model.training, [], []
    with torch.no_grad():
        for x, y in batches:
            model.train(False)
            losses.append(float(loss_fn(model(x), y)))
            sizes.append(x.shape[0])
    model.train(came)
    return float(np.average(losses, weights=sizes))

# %% exercise="mean_loss" verdict="right"
def mean_loss(model, batches, loss_fn):          # a running mean, moved by each batch's share
    mode = {part: part.training for part in model.modules()}
    mean, seen = 0.0, 0
    try:
        with torch.inference_mode():
            for x, y in batches:
                seen += len(y)
                mean += (loss_fn(model.eval()(x), y).item() - mean) * len(y) / seen
    finally:
        for part, training in mode.items():
            part.training = training
    return mean

# %% exercise="mean_loss" verdict="right"
def mean_loss(model, batches, loss_fn):          # totals stay a tensor until the end
    came = model.training
    model.eval()
    with torch.no_grad():
        parts = [(loss_fn(model(x), y).double() * len(x), len(x)) for x, y in batches]
    if came:
        model.train()
    return (sum(loss for loss, _ in parts) / sum(n for _, n in parts)).item()

# %% exercise="mean_loss" verdict="wrong" says="mean of the batches' means"
def mean_loss(model, batches, loss_fn):          # run-mean-over-examples: every batch counts the same
    came = model.training
    model.eval()
    with torch.no_grad():
        losses = [loss_fn(model(x), y).item() for x, y in batches]
    model.train(came)
    return sum(losses) / len(losses)

# %% exercise="mean_loss" verdict="wrong" says="judged in training mode"
def mean_loss(model, batches, loss_fn):          # evaluate() habit: thinks that somebody switched dropout off
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total, count = total + loss_fn(model(x), y).item() * len(x), count + len(x)
    return total / count

# %% exercise="mean_loss" verdict="wrong" says="left in evaluation mode"
def mean_loss(model, batches, loss_fn):          # forgets to go back
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total, count = total + loss_fn(model(x), y).item() * len(x), count + len(x)
    return total / count

# %% exercise="mean_loss" verdict="wrong" says="autograd recorded: use inference_mode"
def mean_loss(model, batches, loss_fn):          # takes eval() for no_grad()
    came = model.training
    model.eval()
    total, count = 0.0, 0
    for x, y in batches:
        total, count = total + loss_fn(model(x), y).item() * len(x), count + len(x)
    model.train(came)
    return total / count

# %% exercise="mean_loss" verdict="wrong" says="return a float, got Tensor"
def mean_loss(model, batches, loss_fn):          # hands a tensor to the log
    came = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total, count = total + loss_fn(model(x), y) * len(x), count + len(x)
    model.train(came)
    return total / count

# %% exercise="mean_loss" verdict="wrong" says="came in evaluation mode and was left in training"
def mean_loss(model, batches, loss_fn):          # always back to training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total, count = total + loss_fn(model(x), y).item() * len(x), count + len(x)
    model.train()
    return total / count

# %% exercise="mean_loss" verdict="wrong" says="sum over the examples"
def mean_loss(model, batches, loss_fn):          # as reduction="sum" would
    came = model.training
    model.eval()
    with torch.no_grad():
        total = sum(loss_fn(model(x), y).item() * len(x) for x, y in batches)
    model.train(came)
    return total

# %% exercise="f1_score" verdict="right"
def f1_score(batches):          # collect all, compute once
    pairs = [(logits, labels) for logits, labels in batches]
    logits, labels = (torch.cat(part) for part in zip(*pairs))
    alarm, fault = logits > 0, labels > 0.5
    both = alarm.sum() + fault.sum()
    return (2 * (alarm & fault).sum() / both).item() if both > 0 else 0.0

# %% exercise="f1_score" verdict="right"
def f1_score(batches):          # the confusion counts, in NumPy
    table = np.zeros((2, 2), int)
    for logits, labels in batches:
        for alarm, fault in zip((logits > 0).tolist(), labels.bool().tolist()):
            table[int(fault), int(alarm)] += 1
    wrong = table[0, 1] + table[1, 0]
    return float(table[1, 1] / (table[1, 1] + wrong / 2)) if table[1, 1] + wrong else 0.0

# %% exercise="f1_score" verdict="right"
def f1_score(batches):          # precision and recall, then their harmonic mean
    hits = alarms = faults = 0.0
    for logits, labels in batches:
        guess = torch.heaviside(logits, torch.zeros_like(logits))
        hits, alarms, faults = hits + float(guess @ labels), alarms + float(guess.sum()), faults + float(labels.sum())
    if not hits:
        return 0.0
    precision, recall = hits / alarms, hits / faults
    return 2 / (1 / precision + 1 / recall)

# %% exercise="f1_score" verdict="wrong" says="mean of the batches' F1"
def f1_score(batches):          # run-metric-not-additive: averages what is no mean
    each = []
    for logits, labels in batches:
        alarm, fault = logits > 0, labels == 1
        both = (alarm.sum() + fault.sum()).item()
        each.append(2 * (alarm & fault).sum().item() / both if both else 0.0)
    return sum(each) / len(each)

# %% exercise="f1_score" verdict="wrong" says="this is the accuracy"
def f1_score(batches):          # accuracy for F1
    right = count = 0
    for logits, labels in batches:
        right, count = right + ((logits > 0) == (labels == 1)).sum().item(), count + len(labels)
    return right / count

# %% exercise="f1_score" verdict="wrong" says="3 faults: F1 is 4/7"
def f1_score(batches):          # the threshold of probabilities, on logits
    found = alarms = faults = 0
    for logits, labels in batches:
        alarm, fault = logits > 1.5, labels == 1
        found, alarms, faults = found + (alarm & fault).sum().item(), alarms + alarm.sum().item(), faults + fault.sum().item()
    return 2 * found / (alarms + faults) if alarms + faults else 0.0

# %% exercise="f1_score" verdict="wrong" says="return a float, got Tensor"
def f1_score(batches):          # keeps the tensor
    logits, labels = (torch.cat(part) for part in zip(*batches))
    alarm, fault = logits > 0, labels == 1
    return 2 * (alarm & fault).sum() / (alarm.sum() + fault.sum())

# %% exercise="f1_score" verdict="wrong" says="found (0 is no alarm)"
def f1_score(batches):          # counts a logit of 0 as an alarm
    found = alarms = faults = 0
    for logits, labels in batches:
        alarm, fault = logits >= 0, labels == 1
        found, alarms, faults = found + (alarm & fault).sum().item(), alarms + alarm.sum().item(), faults + fault.sum().item()
    return 2 * found / (alarms + faults) if alarms + faults else 0.0

# %% exercise="f1_score" verdict="wrong" says="f1_score stopped with ZeroDivisionError"
def f1_score(batches):          # forgets the day on which nothing happens
    found = alarms = faults = 0
    for logits, labels in batches:
        alarm, fault = logits > 0, labels == 1
        found, alarms, faults = found + (alarm & fault).sum().item(), alarms + alarm.sum().item(), faults + fault.sum().item()
    return 2 * found / (alarms + faults)

# %% exercise="f1_score" verdict="wrong" says="this is the precision alone"
def f1_score(batches):          # precision alone
    found = alarms = 0
    for logits, labels in batches:
        alarm = logits > 0
        found, alarms = found + (alarm & (labels == 1)).sum().item(), alarms + alarm.sum().item()
    return found / alarms if alarms else 0.0

# %% exercise="f1_score" verdict="wrong" says="0.5 is a limit for probabilities"
def f1_score(batches):  # threshold 0.5 as for probabilities
    found = both = 0
    for logits, labels in batches:
        alarm, fault = logits > 0.5, labels == 1
        found += (alarm & fault).sum().item()
        both += alarm.sum().item() + fault.sum().item()
    return 2 * found / both if both else 0.0

# %% exercise="weighted_loss" verdict="right"
def weighted_loss(logits, targets, weights):          # each row's loss times its own weight
    rows = torch.ones_like(targets, dtype=logits.dtype)
    for kind in weights:
        rows = torch.where(targets == kind, float(weights[kind]), rows)
    return (nn.functional.cross_entropy(logits, targets, reduction="none") * rows).mean()

# %% exercise="weighted_loss" verdict="right"
def weighted_loss(logits, targets, weights):          # log_softmax, and a table of weights by class
    table = [weights.get(kind, 1.0) for kind in range(logits.shape[1])]
    table = torch.tensor(table, dtype=logits.dtype, device=logits.device)
    picked = logits.log_softmax(1).gather(1, targets[:, None]).squeeze(1)
    return -(table[targets] * picked).sum() / targets.shape[0]

# %% exercise="weighted_loss" verdict="right"
def weighted_loss(logits, targets, weights):          # PyTorch's weighted mean, its divisor exchanged
    scale = logits.new_ones(logits.size(1))
    for kind, weight in weights.items():
        scale = scale + (weight - 1) * nn.functional.one_hot(
            torch.tensor(kind), logits.size(1)).to(scale)
    weighed = nn.CrossEntropyLoss(weight=scale)(logits, targets)
    return weighed * scale[targets].mean()

# %% exercise="weighted_loss" verdict="wrong" says="PyTorch divides by their sum"
def weighted_loss(logits, targets, weights):          # run-class-weight-mean: takes the two means for one
    scale = torch.ones(logits.shape[1], dtype=logits.dtype, device=logits.device)
    for kind, weight in weights.items():
        scale[kind] = weight
    return nn.functional.cross_entropy(logits, targets, weight=scale)

# %% exercise="weighted_loss" verdict="wrong" says="this is the sum over the rows"
def weighted_loss(logits, targets, weights):          # forgets to divide
    scale = torch.ones(logits.shape[1], dtype=logits.dtype, device=logits.device)
    for kind, weight in weights.items():
        scale[kind] = weight
    return nn.functional.cross_entropy(logits, targets, weight=scale, reduction="sum")

# %% exercise="weighted_loss" verdict="wrong" says="counts 1, not 0"
def weighted_loss(logits, targets, weights):          # begins with zeros
    scale = torch.zeros(logits.shape[1], dtype=logits.dtype, device=logits.device)
    for kind, weight in weights.items():
        scale[kind] = weight
    return nn.functional.cross_entropy(logits, targets, weight=scale, reduction="sum") / len(targets)

# %% exercise="weighted_loss" verdict="wrong" says="it is the number of rows"
def weighted_loss(logits, targets, weights):          # divides by the classes
    scale = torch.ones(logits.shape[1], dtype=logits.dtype, device=logits.device)
    for kind, weight in weights.items():
        scale[kind] = weight
    return nn.functional.cross_entropy(logits, targets, weight=scale, reduction="sum") / logits.shape[1]

# %% exercise="weighted_loss" verdict="wrong" says="return a tensor, got float"
def weighted_loss(logits, targets, weights):          # .item(): nothing to train with
    rows = torch.tensor([weights.get(k, 1.0) for k in targets.tolist()], dtype=logits.dtype, device=logits.device)
    return (nn.functional.cross_entropy(logits, targets, reduction="none") * rows).mean().item()

# %% exercise="weighted_loss" verdict="wrong" says="cut off from the logits"
def weighted_loss(logits, targets, weights):          # goes through NumPy
    scores, kinds = logits.detach().cpu().numpy(), targets.cpu().numpy()
    each = np.log(np.exp(scores).sum(1)) - scores[range(len(kinds)), kinds]
    rows = np.array([weights.get(int(k), 1.0) for k in kinds])
    return torch.tensor((each * rows).mean(), dtype=logits.dtype, device=logits.device)

# %% exercise="weighted_loss" verdict="wrong" says="shape (), got (4,)"
def weighted_loss(logits, targets, weights):          # one loss a row
    rows = torch.tensor([weights.get(k, 1.0) for k in targets.tolist()], dtype=logits.dtype, device=logits.device)
    return nn.functional.cross_entropy(logits, targets, reduction="none") * rows

# %% exercise="weighted_loss" verdict="wrong" says="the caller's weights were changed"
def weighted_loss(logits, targets, weights):  # setdefault
    for k in range(logits.shape[1]):
        weights.setdefault(k, 1.0)
    scale = torch.tensor([weights[k] for k in range(logits.shape[1])], dtype=logits.dtype, device=logits.device)
    return nn.functional.cross_entropy(logits, targets, weight=scale, reduction="sum") / len(targets)

# %% exercise="weighted_loss" verdict="wrong" says="float64 logits give a float64 loss, got torch.float32"
def weighted_loss(logits, targets, weights):  # float32 always
    scale = torch.ones(logits.shape[1], device=logits.device)
    for k, w in weights.items():
        scale[k] = w
    return nn.functional.cross_entropy(logits.float(), targets, weight=scale, reduction="sum") / len(targets)

# %% exercise="weighted_loss" verdict="wrong" says="was a tensor made without device=?"
def weighted_loss(logits, targets, weights):  # the weights are made on the CPU
    scale = torch.ones(logits.shape[1], dtype=logits.dtype)
    for k, w in weights.items():
        scale[k] = w
    return nn.functional.cross_entropy(logits, targets, weight=scale, reduction="sum") / len(targets)

# %% exercise="weighted_loss" verdict="wrong" says="takes logits, not a softmax"
def weighted_loss(logits, targets, weights):  # softmax first, as for from_logits=False
    scale = logits.new_ones(logits.shape[1])
    for k, w in weights.items():
        scale[k] = w
    return nn.functional.cross_entropy(logits.softmax(1), targets, weight=scale, reduction="sum") / len(targets)

# %% exercise="EarlyStopping" verdict="right"
class EarlyStopping:          # keeps the whole history and asks it
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.mode = patience, min_delta, mode
        self.progress = []
        self.best = self.best_epoch = None

    def update(self, value):
        if value != value:
            better = False
        elif self.best is None:
            better = True
        elif self.mode == "max":
            better = value > self.best + self.delta
        else:
            better = value < self.best - self.delta
        if better:
            self.best, self.best_epoch = value, len(self.progress)
        self.progress.append(better)
        return better

    def is_done(self):
        return len(self.progress) >= self.patience and not any(self.progress[-self.patience:])

# %% exercise="EarlyStopping" verdict="right"
class EarlyStopping:          # the epoch of the last progress says how long ago it was
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.ahead = patience, {
            "min": lambda new, old: new < old - min_delta, "max": lambda new, old: new > old + min_delta}[mode]
        self.best, self.best_epoch, self.epochs = None, None, 0

    def update(self, value):
        self.epochs += 1
        if math.isnan(value) or self.best is not None and not self.ahead(value, self.best):
            return False
        self.best, self.best_epoch = value, self.epochs - 1
        return True

    def is_done(self):
        since = -1 if self.best_epoch is None else self.best_epoch
        return self.epochs - 1 - since >= self.patience

# %% exercise="EarlyStopping" verdict="right"
class EarlyStopping:          # counts down
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.full = self.left = patience
        self.min_delta, self.largest = min_delta, mode == "max"
        self.best, self.best_epoch, self.now = None, None, -1

    def update(self, value):
        self.now += 1
        old = self.best
        gain = math.inf if old is None else (value - old if self.largest else old - value)
        ahead = bool(not math.isnan(value) and self._above(value, old, gain))
        self.left = self.full if ahead else self.left - 1
        if ahead:
            self.best, self.best_epoch = value, self.now
        return ahead

    def _above(self, value, old, gain):
        if old is None:
            return True
        return value > old + self.min_delta if self.largest else value < old - self.min_delta

    def is_done(self):
        return self.left <= 0

# %% exercise="EarlyStopping" verdict="wrong" says="equal to the best is no progress"
class EarlyStopping:          # <= for <
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        better = value == value and (self.best is None or self.sign * value <= self.sign * self.best - self.delta)
        if better:
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="done now, not one epoch later"
class EarlyStopping:          # PyTorch's patience: one more
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        better = value == value and (self.best is None or self.sign * value < self.sign * self.best - self.delta)
        if better:
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited > self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="did not set the count back"
class EarlyStopping:          # counts all bad epochs, not those in a row
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        better = value == value and (self.best is None or self.sign * value < self.sign * self.best - self.delta)
        if better:
            self.best, self.best_epoch = value, self.epoch
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="nan became the best"
class EarlyStopping:          # takes every first value, and nan, for good
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        better = self.best is None or self.sign * value < self.sign * self.best - self.delta
        self.waited = 0 if better else self.waited + 1
        if better:
            self.best_epoch = self.epoch
        if better or value != value:
            self.best = value
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="nan counted as progress"
class EarlyStopping:          # "not worse" for "better"
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        better = self.best is None or not self.sign * value >= self.sign * self.best - self.delta
        if better:
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="after one epoch without progress: patience was 2"
class EarlyStopping:          # compares with the epoch before, as a person at the screen does
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.best, self.best_epoch, self.epoch, self.bad = patience, None, None, 0, 0

    def update(self, value):
        better = self.best is None or value < self.best
        if better:
            self.best, self.best_epoch, self.bad = value, self.epoch, 0
        else:
            self.bad += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.bad > 0

# %% exercise="EarlyStopping" verdict="wrong" says="1.75 is not below 2 - 0.5"
class EarlyStopping:          # mode and min_delta for accuracies alone
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.delta, self.largest = patience, min_delta, mode == "max"
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        ahead = self.best is None or (value > self.best + self.delta if self.largest else value < self.best)
        better = value == value and ahead
        if better:
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="1.25 is not above 1 + 0.5"
class EarlyStopping:  # subtracts there too
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        if math.isnan(value):
            better = False
        elif self.best is None:
            better = True
        else:
            limit = self.best - self.min_delta
            better = value < limit if self.mode == "min" else value > limit
        if better:
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
        else:
            self.waited += 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="EarlyStopping" verdict="wrong" says="best moves with progress only"
class EarlyStopping:  # the smallest of all values, min_delta or not
    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = self.best_epoch = None
        self.epoch = self.waited = 0

    def update(self, value):
        if math.isnan(value):
            better = any_better = False
        elif self.best is None:
            better = any_better = True
        elif self.mode == "min":
            better, any_better = value < self.best - self.min_delta, value < self.best
        else:
            better, any_better = value > self.best + self.min_delta, value > self.best
        if any_better:
            self.best, self.best_epoch = value, self.epoch
        self.waited = 0 if better else self.waited + 1
        self.epoch += 1
        return better

    def is_done(self):
        return self.waited >= self.patience

# %% exercise="plateau_like_keras" verdict="right"
def plateau_like_keras(optimizer, config):          # what goes over by name, and what does not
    by_name = {name: config[name] for name in ("mode", "factor", "min_lr")}
    patience = config["patience"] - 1 if config["patience"] > 0 else 0
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, patience=patience, threshold_mode="abs", threshold=config["min_delta"], eps=0.0, **by_name)

# %% exercise="plateau_like_keras" verdict="right"
class _Plateau:          # Keras's own rule, written out
    def __init__(self, optimizer, config):
        self.optimizer, self.config, self.best, self.waited = optimizer, dict(config), None, 0

    def step(self, value):
        config, best = self.config, self.best
        if config["mode"] == "min":
            better = best is None or value < best - config["min_delta"]
        else:
            better = best is None or value > best + config["min_delta"]
        if better:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= config["patience"]:
            self.waited = 0
            for group in self.optimizer.param_groups:
                group["lr"] = max(group["lr"] * config["factor"], config["min_lr"])


def plateau_like_keras(optimizer, config):
    return _Plateau(optimizer, config)

# %% exercise="plateau_like_keras" verdict="right"
def plateau_like_keras(optimizer, config):          # made with defaults, then set attribute by attribute
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, config["mode"], threshold_mode="abs")
    scheduler.factor, scheduler.threshold = config["factor"], config["min_delta"]
    scheduler.patience = max(1, config["patience"]) - 1
    scheduler.eps, scheduler.min_lrs = 0.0, [config["min_lr"]] * len(optimizer.param_groups)
    return scheduler

# %% exercise="plateau_like_keras" verdict="wrong" says="give it a patience of one less"
def plateau_like_keras(optimizer, config):          # run-plateau-patience: the same word, the same number
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], config["factor"], config["patience"], config["min_delta"], "abs", 0, config["min_lr"], 0)

# %% exercise="plateau_like_keras" verdict="wrong" says="not a tenth of the best"
def plateau_like_keras(optimizer, config):          # leaves threshold_mode at "rel"
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], config["factor"], max(0, config["patience"] - 1), config["min_delta"],
        min_lr=config["min_lr"], eps=0)

# %% exercise="plateau_like_keras" verdict="wrong" says="no progress with min_delta 0.1"
def plateau_like_keras(optimizer, config):          # leaves PyTorch's own threshold
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], config["factor"], max(0, config["patience"] - 1), threshold_mode="abs",
        min_lr=config["min_lr"], eps=0)

# %% exercise="plateau_like_keras" verdict="wrong" says="with mode max 0.8 after 0.5"
def plateau_like_keras(optimizer, config):          # mode forgotten: every accuracy looks bad
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=config["factor"], patience=max(0, config["patience"] - 1), threshold=config["min_delta"],
        threshold_mode="abs", min_lr=config["min_lr"], eps=0)

# %% exercise="plateau_like_keras" verdict="wrong" says="the factor is 0.5"
def plateau_like_keras(optimizer, config):          # the default factor, a tenth
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], patience=max(0, config["patience"] - 1), threshold=config["min_delta"],
        threshold_mode="abs", min_lr=config["min_lr"], eps=0)

# %% exercise="plateau_like_keras" verdict="wrong" says="patience 0 counts as 1"
def plateau_like_keras(optimizer, config):          # one less, also where there is none
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], config["factor"], config["patience"] - 1, config["min_delta"], "abs", 0, config["min_lr"], 0)

# %% exercise="plateau_like_keras" verdict="wrong" says="left alone: see eps"
def plateau_like_keras(optimizer, config):          # eps stays 1e-8
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], config["factor"], max(0, config["patience"] - 1), config["min_delta"], "abs", 0, config["min_lr"])

# %% exercise="plateau_like_keras" verdict="wrong" says="return a scheduler with step, got NoneType"
def plateau_like_keras(optimizer, config):          # a callback is handed to fit, not returned
    torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, config["mode"], config["factor"], config["patience"])

# %% exercise="plateau_like_keras" verdict="wrong" says="the caller's config was changed"
def plateau_like_keras(optimizer, config):  # pops and corrects in place
    config["patience"] = max(config["patience"] - 1, 0)
    config["threshold"] = config.pop("min_delta")
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, threshold_mode="abs", eps=0, **config)

# %% exercise="plateau_like_keras" verdict="wrong" says="must not fall below min_lr"
def plateau_like_keras(optimizer, config):  # the floor is forgotten
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, config["mode"], factor=config["factor"], patience=max(config["patience"] - 1, 0),
        threshold=config["min_delta"], threshold_mode="abs", eps=0)

# %% exercise="fit" verdict="right"
def fit(model, optimizer, batches, judge, epochs, folder):          # the best is an entry of its own, files are moved into place
    def write(entry, name):
        torch.save(entry, os.path.join(folder, name + ".new"))
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))

    state, history, best = None, [], math.inf
    if "last.pt" in os.listdir(folder):
        state = torch.load(os.path.join(folder, "last.pt"), map_location="cpu", weights_only=True)
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["moments"])
        history, best = state["history"], state["best"]
        torch.random.set_rng_state(state["generator"])
    for _ in range(len(history), epochs):
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        value = judge(model)
        history.append(value)
        if value < best:
            best = value
            write(model.state_dict(), "best.pt")
        write({"weights": model.state_dict(), "moments": optimizer.state_dict(), "history": history, "best": best,
               "generator": torch.random.get_rng_state()}, "last.pt")
    return history

# %% exercise="fit" verdict="right"
def fit(model, optimizer, batches, judge, epochs, folder):          # two helpers, state in a list
    path = os.path.join(folder, "last.pt")
    values = []

    def one_epoch():
        for x, y in batches():
            model.train(True)
            optimizer.zero_grad(set_to_none=False)
            (model(x) - y).pow(2).mean().backward()
            optimizer.step()
        return judge(model)

    if os.path.isfile(path):
        weights, moments, draws, values = torch.load(path, map_location="cpu")
        for part, state in ((model, weights), (optimizer, moments)):
            part.load_state_dict(state)
        torch.set_rng_state(draws)
    for number in range(epochs):
        if number < len(values):
            continue
        value = one_epoch()
        if all(value < old for old in values):
            torch.save(copy.deepcopy(model.state_dict()), os.path.join(folder, "best.pt"))
        values = values + [value]
        torch.save([model.state_dict(), optimizer.state_dict(), torch.get_rng_state(), values], path)
    return values

# %% exercise="fit" verdict="right"
def fit(model, optimizer, batches, judge, epochs, folder):          # one epoch a call, the file as the only memory
    path = os.path.join(folder, "last.pt")
    memory = torch.load(path, map_location="cpu") if os.path.exists(path) else None
    if memory:
        model.load_state_dict(memory["model"])
        optimizer.load_state_dict(memory["optimizer"])
        torch.default_generator.set_state(memory["draws"])
    done = list(memory["values"]) if memory else []
    if len(done) >= epochs:
        return done
    model.train()
    for x, y in batches():
        grads = torch.autograd.grad(nn.functional.mse_loss(model(x), y), list(model.parameters()))
        for p, grad in zip(model.parameters(), grads):
            p.grad = grad
        optimizer.step()
    done.append(judge(model))
    if sorted(done)[0] == done[-1] and done.count(done[-1]) == 1:
        torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "draws": torch.default_generator.get_state(), "values": done}, path)
    return fit(model, optimizer, batches, judge, epochs, folder)

# %% exercise="fit" verdict="wrong" says="nothing is drawn here, yet the resumed"
def fit(model, optimizer, batches, judge, epochs, folder):          # trap resume: keeps weights and draws, not moments
    last, values = os.path.join(folder, "last.pt"), []
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict(), "draws": torch.get_rng_state(), "values": values}, last)
    return values

# %% exercise="fit" verdict="wrong" says="it draws other batches"
def fit(model, optimizer, batches, judge, epochs, folder):          # forgets the generator
    last, values = os.path.join(folder, "last.pt"), []
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        values = saved["values"]
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "values": values}, last)
    return values

# %% exercise="fit" verdict="wrong" says="the second epoch goes another way"
def fit(model, optimizer, batches, judge, epochs, folder):          # train() once, before the loop: judge leaves eval mode
    last, values = os.path.join(folder, "last.pt"), []
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    model.train()
    while len(values) < epochs:
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "draws": torch.get_rng_state(), "values": values}, last)
    return values

# %% exercise="fit" verdict="wrong" says="best.pt was overwritten"
def fit(model, optimizer, batches, judge, epochs, folder):          # the best begins at infinity after every stop
    last, values, best = os.path.join(folder, "last.pt"), [], math.inf
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < best:
            best = values[-1]
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "draws": torch.get_rng_state(), "values": values}, last)
    return values

# %% exercise="fit" verdict="wrong" says="best.pt holds the last epoch"
def fit(model, optimizer, batches, judge, epochs, folder):          # save-state-dict-alias: an alias of the weights, written at the end
    last, values, best = os.path.join(folder, "last.pt"), [], model.state_dict()
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            best = model.state_dict()
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "draws": torch.get_rng_state(), "values": values}, last)
    torch.save(best, os.path.join(folder, "best.pt"))
    return values

# %% exercise="fit" verdict="wrong" says="then on to six: six values"
def fit(model, optimizer, batches, judge, epochs, folder):          # takes epochs for "so many more"
    last, values = os.path.join(folder, "last.pt"), []
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    for _ in range(epochs):
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "draws": torch.get_rng_state(), "values": values}, last)
    return values

# %% exercise="fit" verdict="wrong" says="values from before the stop were lost"
def fit(model, optimizer, batches, judge, epochs, folder):          # always from the start
    values = []
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model.state_dict()}, os.path.join(folder, "last.pt"))
    return values

# %% exercise="fit" verdict="wrong" says="torch.load refuses last.pt"
def fit(model, optimizer, batches, judge, epochs, folder):          # save-whole-model: pickles the model and overrides the safe load
    last, values = os.path.join(folder, "last.pt"), []
    if os.path.exists(last):
        saved = torch.load(last, map_location="cpu", weights_only=False)
        model.load_state_dict(saved["model"].state_dict())
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["draws"])
        values = saved["values"]
    while len(values) < epochs:
        model.train()
        for x, y in batches():
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        values.append(judge(model))
        if values[-1] < min(values[:-1], default=math.inf):
            torch.save(model.state_dict(), os.path.join(folder, "best.pt"))
        torch.save({"model": model, "optimizer": optimizer.state_dict(),
                    "draws": torch.get_rng_state(), "values": values}, last)
    return values
