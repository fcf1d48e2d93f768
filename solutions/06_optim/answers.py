# %% exercise="from_keras" verdict="right"
def from_keras(config, params):  # Adam without decay, AdamW with it
    settings = {"lr": config["learning_rate"]}
    match config["name"]:
        case "sgd":
            return torch.optim.SGD(params, momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0, **settings)
        case "adam":
            settings |= {"betas": (config["beta_1"], config["beta_2"]), "eps": config["epsilon"]}
            if config["weight_decay"] is None:
                return torch.optim.Adam(params, **settings)
            return torch.optim.AdamW(params, weight_decay=config["weight_decay"], **settings)

# %% exercise="from_keras" verdict="right"
def from_keras(config, params):  # a table of names
    names = {"learning_rate": "lr", "momentum": "momentum", "nesterov": "nesterov", "epsilon": "eps", "weight_decay": "weight_decay"}
    settings = {names[key]: value for key, value in config.items() if key in names and value is not None}
    if config["name"] == "adam":
        settings["betas"] = config["beta_1"], config["beta_2"]
        settings.setdefault("weight_decay", 0)
    elif settings["momentum"] == 0:
        del settings["nesterov"]
    return {"sgd": torch.optim.SGD, "adam": torch.optim.AdamW}[config["name"]](params, **settings)

# %% exercise="from_keras" verdict="right"
def from_keras(config, params):  # the optimizer first, its settings afterwards
    if config["name"] == "sgd":
        opt = torch.optim.SGD(params)
        changes = {"lr": config["learning_rate"], "momentum": config["momentum"]}
        changes["nesterov"] = False if config["momentum"] == 0 else config["nesterov"]
    else:
        opt = torch.optim.AdamW(params)
        changes = {"lr": config["learning_rate"], "eps": config["epsilon"], "weight_decay": config["weight_decay"] or 0}
        changes["betas"] = [config["beta_1"], config["beta_2"]]
    for group in opt.param_groups:
        group.update(changes)
    return opt

# %% exercise="from_keras" verdict="right"
# Classes and renamed settings from a table; Nesterov without momentum is plain SGD in Keras and refused here
def from_keras(config, params):
    if config["name"] == "sgd":
        momentum = config["momentum"]
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=momentum, nesterov=config["nesterov"] and momentum > 0)
    settings = dict(lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"])
    if config["weight_decay"] is None:
        return torch.optim.Adam(params, **settings)
    return torch.optim.AdamW(params, weight_decay=config["weight_decay"], **settings)

# %% exercise="from_keras" verdict="right"
# Always AdamW, a decay of 0 for None; match statement with guards
def from_keras(config, params):
    match config:
        case {"name": "sgd", "learning_rate": lr, "momentum": momentum, "nesterov": nesterov}:
            return torch.optim.SGD(params, lr=lr, momentum=momentum, nesterov=bool(nesterov and momentum))
        case {"name": "adam", "learning_rate": lr, "beta_1": b1, "beta_2": b2, "epsilon": eps, "weight_decay": decay}:
            return torch.optim.AdamW(params, lr, (b1, b2), eps, decay or 0.0)

# %% exercise="from_keras" verdict="right"
# Adam with decoupled_weight_decay=True follows AdamW's rule; settings written into the groups
def from_keras(config, params):
    if config["name"] == "sgd":
        opt = torch.optim.SGD(params, lr=config["learning_rate"])
        new = {"momentum": config["momentum"], "nesterov": bool(config["nesterov"]) and config["momentum"] != 0}
    else:
        opt = torch.optim.Adam(params, lr=config["learning_rate"], decoupled_weight_decay=True)
        new = {"betas": (config["beta_1"], config["beta_2"]), "eps": config["epsilon"], "weight_decay": config["weight_decay"] or 0.0}
    for group in opt.param_groups:
        group.update(new)
    return opt

# %% exercise="from_keras" verdict="right"
# match statement, Adam with decoupled_weight_decay
def from_keras(config, params):
    match config["name"]:
        case "sgd":
            kw = {"nesterov": True} if config["nesterov"] and config["momentum"] else {}
            return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], weight_decay=0, dampening=0, **kw)
        case "adam":
            return torch.optim.Adam(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]),
                                    eps=config["epsilon"], weight_decay=config["weight_decay"] or 0, decoupled_weight_decay=True)
    raise ValueError(config["name"])

# %% exercise="from_keras" verdict="right"
# made with defaults, then each param_group set
def from_keras(config, params):
    if config["name"] == "sgd":
        opt = torch.optim.SGD(params, lr=config["learning_rate"])
        opt.defaults["momentum"] = config["momentum"]
        for group in opt.param_groups:
            group["momentum"] = config["momentum"]
            group["nesterov"] = config["nesterov"] and config["momentum"] != 0
        opt.defaults["nesterov"] = config["nesterov"] and config["momentum"] != 0
        return opt
    return torch.optim.AdamW(params, config["learning_rate"], (config["beta_1"], config["beta_2"]),
                             config["epsilon"], config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="as an L2 penalty does"
def from_keras(config, params):  # trap adam-weight-decay: the namesake
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    betas = (config["beta_1"], config["beta_2"])
    return torch.optim.Adam(params, lr=config["learning_rate"], betas=betas, eps=config["epsilon"], weight_decay=config["weight_decay"] or 0)

# %% exercise="from_keras" verdict="wrong" says="AdamW has a default of its own"
def from_keras(config, params):  # None: leaves the argument out, and gets 0.01
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    decay = {} if config["weight_decay"] is None else {"weight_decay": config["weight_decay"]}
    betas = (config["beta_1"], config["beta_2"])
    return torch.optim.AdamW(params, lr=config["learning_rate"], betas=betas, eps=config["epsilon"], **decay)

# %% exercise="from_keras" verdict="wrong" says="nesterov was left out"
def from_keras(config, params):  # learning rate and momentum are all that SGD has
    if config["name"] == "sgd":
        return torch.optim.SGD(params, config["learning_rate"], config["momentum"])
    betas = (config["beta_1"], config["beta_2"])
    return torch.optim.AdamW(params, config["learning_rate"], betas, config["epsilon"], config["weight_decay"] or 0)

# %% exercise="from_keras" verdict="wrong" says="not the 0.05 of learning_rate"
def from_keras(config, params):  # the rate left to the default, as in compile(optimizer="sgd")
    if config["name"] == "sgd":
        return torch.optim.SGD(params, momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    betas = (config["beta_1"], config["beta_2"])
    return torch.optim.AdamW(params, betas=betas, eps=config["epsilon"], weight_decay=config["weight_decay"] or 0)

# %% exercise="from_keras" verdict="wrong" says="beta_1 and beta_2 say (0.8, 0.95)"
def from_keras(config, params):  # takes the betas for the same in both frameworks
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    return torch.optim.AdamW(params, lr=config["learning_rate"], eps=config["epsilon"], weight_decay=config["weight_decay"] or 0)

# %% exercise="from_keras" verdict="wrong" says="weight_decay was not handed over"
def from_keras(config, params):  # Adam has no decay, that is AdamW's business
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    return torch.optim.Adam(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"])

# %% exercise="from_keras" verdict="wrong" says="through Adam's scale"
# 'follows the Keras optimizer': Keras's weight_decay shrinks, the one of torch's Adam is an L2 penalty
def from_keras(config, params):
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    return torch.optim.Adam(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"], weight_decay=config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="None means no decay"
# 'a number or None': for None AdamW's own default of 0.01 stays in force
def from_keras(config, params):
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    settings = {"lr": config["learning_rate"], "betas": (config["beta_1"], config["beta_2"]), "eps": config["epsilon"]}
    if config["weight_decay"] is not None:
        settings["weight_decay"] = config["weight_decay"]
    return torch.optim.AdamW(params, **settings)

# %% exercise="from_keras" verdict="wrong" says="take it over as it is"
# 'Take epsilon over as it is': converted with sqrt(1 - beta_2), as the lesson does to match the first step
def from_keras(config, params):
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    eps = config["epsilon"] / math.sqrt(1 - config["beta_2"])
    return torch.optim.AdamW(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=eps, weight_decay=config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="dampening was set"
# 'SGD comes with learning_rate, momentum and nesterov': dampening added in the belief that Keras averages its velocity
def from_keras(config, params):
    if config["name"] == "sgd":
        m = config["momentum"]
        nesterov = config["nesterov"] and m > 0
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=m, dampening=0.0 if nesterov else m, nesterov=nesterov)
    return torch.optim.AdamW(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"], weight_decay=config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="beta_1 and beta_2 say"
# 'Adam comes with beta_1, beta_2': betas are left at their defaults, which happen to be the same in both frameworks
def from_keras(config, params):
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"] and config["momentum"] > 0)
    return torch.optim.AdamW(params, lr=config["learning_rate"], eps=config["epsilon"], weight_decay=config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="from_keras stopped with ValueError"
# 'follows the Keras optimizer with this config': nesterov=True with momentum 0.0 is legal in Keras (plain SGD) and stops with ValueError here
def from_keras(config, params):
    if config["name"] == "sgd":
        return torch.optim.SGD(params, lr=config["learning_rate"], momentum=config["momentum"], nesterov=config["nesterov"])
    return torch.optim.AdamW(params, lr=config["learning_rate"], betas=(config["beta_1"], config["beta_2"]), eps=config["epsilon"], weight_decay=config["weight_decay"] or 0.0)

# %% exercise="from_keras" verdict="wrong" says="the config was changed"
# breaks: 'leave `config` unchanged'; the entries are popped out of the caller's dictionary
def from_keras(config, params):
    name, lr = config.pop("name"), config.pop("learning_rate")
    if name == "sgd":
        momentum = config.pop("momentum")
        return torch.optim.SGD(params, lr=lr, momentum=momentum, nesterov=config.pop("nesterov") and momentum > 0)
    betas, eps = (config.pop("beta_1"), config.pop("beta_2")), config.pop("epsilon")
    return torch.optim.AdamW(params, lr=lr, betas=betas, eps=eps, weight_decay=config.pop("weight_decay") or 0.0)

# %% exercise="from_keras" verdict="wrong" says="unexpected keyword argument 'clipnorm'"
# breaks: 'Pass over all other entries'; renames what it knows and hands over the rest as it is
def from_keras(config, params):
    names = {"learning_rate": "lr", "epsilon": "eps"}
    settings = {names.get(key, key): value for key, value in config.items() if key != "name"}
    if config["name"] == "sgd":
        settings["nesterov"] = settings["nesterov"] and settings["momentum"] > 0
        return torch.optim.SGD(params, **settings)
    settings["betas"] = settings.pop("beta_1"), settings.pop("beta_2")
    settings["weight_decay"] = settings["weight_decay"] or 0.0
    return torch.optim.AdamW(params, **settings)

# %% exercise="clipped_step" verdict="right"
def clipped_step(loss, opt, max_norm):  # the norm of the norms, by hand
    opt.zero_grad()
    loss.backward()
    grads = [p.grad for group in opt.param_groups for p in group["params"] if p.grad is not None]
    norm = sum(float(g.norm()) ** 2 for g in grads) ** 0.5
    for g in grads:
        g *= min(1.0, max_norm / norm)
    opt.step()
    return norm

# %% exercise="clipped_step" verdict="right"
def clipped_step(loss, opt, max_norm):  # autograd.grad instead of backward
    params = []
    for group in opt.param_groups:
        params.extend(p for p in group["params"] if p.requires_grad)
    grads = torch.autograd.grad(loss, params)
    norm = torch.cat([g.flatten() for g in grads]).norm()
    factor = (max_norm / norm).clamp(max=1.0)
    for p, g in zip(params, grads):
        p.grad = g * factor
    opt.step()
    return float(norm)

# %% exercise="clipped_step" verdict="right"
def clipped_step(loss, opt, max_norm):  # in two calls, norm first
    groups = [group["params"] for group in opt.param_groups]
    params = sum(groups, [])
    for p in params:
        p.grad = None
    loss.backward()
    norm = nn.utils.get_total_norm([p.grad for p in params if p.grad is not None])
    nn.utils.clip_grads_with_norm_(params, max_norm, norm)
    opt.step()
    return norm.tolist()

# %% exercise="clipped_step" verdict="right"
# Norm and factor by hand, gradients scaled in place
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    grads = [p.grad for group in opt.param_groups for p in group["params"] if p.grad is not None]
    norm = math.sqrt(sum(g.pow(2).sum().item() for g in grads))
    if norm > max_norm:
        for g in grads:
            g.mul_(max_norm / norm)
    opt.step()
    return norm

# %% exercise="clipped_step" verdict="right"
# The library's function on a chained list; float() of the tensor
import itertools

def clipped_step(loss, opt, max_norm):
    opt.zero_grad(set_to_none=True)
    loss.backward()
    everything = list(itertools.chain.from_iterable(g["params"] for g in opt.param_groups))
    total = torch.nn.utils.get_total_norm([p.grad for p in everything if p.grad is not None])
    torch.nn.utils.clip_grads_with_norm_(everything, max_norm, total)
    opt.step()
    return float(total)

# %% exercise="clipped_step" verdict="right"
# Cleared parameter by parameter; the library function without foreach
def clipped_step(loss, opt, max_norm):
    params = []
    for group in opt.param_groups:
        params.extend(group["params"])
    for p in params:
        p.grad = None
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm=max_norm, norm_type=2.0, foreach=False)
    opt.step()
    return norm.detach().cpu().item()

# %% exercise="clipped_step" verdict="right"
# get_total_norm and clip_grads_with_norm_
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    params = []
    for group in opt.param_groups:
        params.extend(group["params"])
    norm = float(nn.utils.clip_grad_norm_(params, max_norm=max_norm, norm_type=2.0))
    opt.step()
    return norm

# %% exercise="clipped_step" verdict="wrong" says="clipping came before backward"
def clipped_step(loss, opt, max_norm):  # sets clipping up first, like an argument
    opt.zero_grad()
    norm = nn.utils.clip_grad_norm_([p for group in opt.param_groups for p in group["params"]], max_norm)
    loss.backward()
    opt.step()
    return norm.item()

# %% exercise="clipped_step" verdict="wrong" says="the full gradient was applied"
def clipped_step(loss, opt, max_norm):  # clips what the step has used already
    opt.zero_grad()
    loss.backward()
    opt.step()
    return nn.utils.clip_grad_norm_([p for group in opt.param_groups for p in group["params"]], max_norm).item()

# %% exercise="clipped_step" verdict="wrong" says="every number was cut to max_norm"
def clipped_step(loss, opt, max_norm):  # clipvalue instead of global_clipnorm
    opt.zero_grad()
    loss.backward()
    params = [p for group in opt.param_groups for p in group["params"]]
    norm = torch.cat([p.grad.flatten() for p in params if p.grad is not None]).norm().item()
    nn.utils.clip_grad_value_(params, max_norm)
    opt.step()
    return norm

# %% exercise="clipped_step" verdict="wrong" says="an old gradient took part: clear before backward"
def clipped_step(loss, opt, max_norm):  # trap never-cleared: a tape would start empty
    loss.backward()
    params = [p for group in opt.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(params, max_norm)
    opt.step()
    return norm.item()

# %% exercise="clipped_step" verdict="wrong" says="this is the norm after clipping"
def clipped_step(loss, opt, max_norm):  # measures once more, too late
    opt.zero_grad()
    loss.backward()
    params = [p for group in opt.param_groups for p in group["params"]]
    nn.utils.clip_grad_norm_(params, max_norm)
    opt.step()
    return torch.cat([p.grad.flatten() for p in params if p.grad is not None]).norm().item()

# %% exercise="clipped_step" verdict="wrong" says="the second parameter group was not clipped"
# 'the gradients of all parameters in opt together': the first group only
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(opt.param_groups[0]["params"], max_norm)
    opt.step()
    return norm.item()

# %% exercise="clipped_step" verdict="wrong" says="as Keras's clipnorm does"
# 'all parameters in opt together': each parameter is clipped by itself, as clipnorm= does
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    squares = 0.0
    for group in opt.param_groups:
        for p in group["params"]:
            squares += nn.utils.clip_grad_norm_([p], max_norm).item() ** 2
    opt.step()
    return squares**0.5

# %% exercise="clipped_step" verdict="wrong" says="an old gradient took part"
# 'for which nothing has been cleared yet': the last step's gradients are added in
def clipped_step(loss, opt, max_norm):
    loss.backward()
    params = [p for group in opt.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(params, max_norm)
    opt.step()
    opt.zero_grad()
    return norm.item()

# %% exercise="clipped_step" verdict="wrong" says="must stay as it is, and was changed"
# 'smaller ones stay as they are': every gradient is brought to max_norm, small ones grow
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    grads = [p.grad for group in opt.param_groups for p in group["params"] if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.mul_(max_norm / (norm + 1e-6))
    opt.step()
    return norm.item()

# %% exercise="clipped_step" verdict="wrong" says="the norm after clipping"
# 'Return the norm before clipping': measured after it
def clipped_step(loss, opt, max_norm):
    opt.zero_grad()
    loss.backward()
    params = [p for group in opt.param_groups for p in group["params"]]
    nn.utils.clip_grad_norm_(params, max_norm)
    norm = sum(p.grad.square().sum() for p in params if p.grad is not None).sqrt()
    opt.step()
    return norm.item()

# %% exercise="momentum_step" verdict="right"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # in place, from a clone
    for p in params:
        if p.grad is None:
            continue
        g = p.grad.add(p.detach(), alpha=weight_decay)
        if p in velocity:
            velocity[p].mul_(momentum).add_(g)
        else:
            velocity[p] = g.clone()
        p.data.sub_(velocity[p], alpha=lr)

# %% exercise="momentum_step" verdict="right"
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # a velocity of zeros to begin with
    moving = [p for p in params if p.grad is not None]
    for p in moving:
        v = velocity.setdefault(p, torch.zeros_like(p))
        v *= momentum
        v += p.grad
        v += weight_decay * p
    for p in moving:
        p.add_(velocity[p], alpha=-lr)

# %% exercise="momentum_step" verdict="right"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # torch.optim.SGD, remembered
    for p in params:
        if p not in velocity:
            velocity[p] = torch.optim.SGD([p])
        velocity[p].param_groups[0].update(lr=lr, momentum=momentum, weight_decay=weight_decay)
        velocity[p].step()
    for p in list(velocity):
        if p.grad is None and not velocity[p].state:
            del velocity[p]

# %% exercise="momentum_step" verdict="right"
# Buffers of zeros by setdefault, mul_ and add_ in place
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is not None:
            v = velocity.setdefault(p, torch.zeros_like(p))
            v.mul_(momentum).add_(p.grad).add_(p, alpha=weight_decay)
            p.sub_(v, alpha=lr)

# %% exercise="momentum_step" verdict="right"
# Out of place arithmetic, written back with copy_ through detach
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        w, g = p.detach(), p.grad.detach()
        velocity[p] = velocity.get(p, 0) * momentum + (g + weight_decay * w)
        w.copy_(w - lr * velocity[p])

# %% exercise="momentum_step" verdict="right"
# Lets torch.optim.SGD take the step and carries its buffer along
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        opt = torch.optim.SGD([p], lr=lr, momentum=momentum, weight_decay=weight_decay)
        if p in velocity:
            opt.state[p]["momentum_buffer"] = velocity[p]
        opt.step()
        buffer = opt.state[p].get("momentum_buffer")
        if buffer is not None:
            velocity[p] = buffer

# %% exercise="momentum_step" verdict="wrong" says="damped by 1 - momentum"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # a running mean, as in Adam
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                g = p.grad + weight_decay * p
                velocity[p] = momentum * velocity.get(p, 0) + (1 - momentum) * g
                p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the second step forgot the first"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # the velocity in a dictionary of its own
    velocity = dict(velocity)
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                velocity[p] = momentum * velocity.get(p, 0) + p.grad + weight_decay * p
                p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the parameter did not move"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # binds a new tensor to the loop's name
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                velocity[p] = momentum * velocity.get(p, 0) + p.grad + weight_decay * p
                p = p - lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the velocity is the tensor in .grad itself"
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):  # the first velocity is the gradient, not a copy
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                g = p.grad + weight_decay * p if weight_decay else p.grad
                velocity[p] = momentum * velocity[p] + g if p in velocity else g
                p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="it is inside the velocity, as in Keras"
# 'one step of torch.optim.SGD': Keras's rule, the rate inside the velocity; the same while lr is constant
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        g = p.grad + weight_decay * p
        velocity[p] = momentum * velocity.get(p, torch.zeros_like(p)) - lr * g
        p += velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the velocity shares its memory"
# 'Leave .grad as it is': the first velocity is .grad itself, and later steps write into it
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        g = p.grad if weight_decay == 0 else p.grad + weight_decay * p
        if p not in velocity:
            velocity[p] = g
        else:
            velocity[p].mul_(momentum).add_(g)
        p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the decay was written into .grad"
# 'Leave .grad as it is': the decay is added into .grad in place
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        g = p.grad
        g += weight_decay * p
        velocity[p] = momentum * velocity.get(p, 0) + g
        p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="the decay went around the velocity"
# 'Weight decay adds weight_decay * p to the gradient': decoupled as in AdamW, past the velocity
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        if p.grad is None:
            continue
        velocity[p] = momentum * velocity.get(p, 0) + p.grad
        p *= 1 - lr * weight_decay
        p -= lr * velocity[p]

# %% exercise="momentum_step" verdict="wrong" says="a parameter without gradient decayed"
# 'A parameter without gradient is passed over': taken for a zero gradient, so it decays and coasts on
@torch.no_grad()
def momentum_step(params, velocity, lr, momentum=0.0, weight_decay=0.0):
    for p in params:
        g = torch.zeros_like(p) if p.grad is None else p.grad
        g = g + weight_decay * p
        velocity[p] = momentum * velocity.get(p, 0) + g
        p -= lr * velocity[p]

# %% exercise="accumulated_step" verdict="right"
def accumulated_step(model, batches, loss_fn, opt):  # the weight goes into backward
    sizes = [len(x) for x, _ in batches]
    losses = []
    opt.zero_grad()
    for size, (x, y) in zip(sizes, batches):
        loss = loss_fn(model(x), y)
        loss.backward(torch.full_like(loss, size / sum(sizes)))
        losses.append(loss.item())
    opt.step()
    return float(np.average(losses, weights=sizes))

# %% exercise="accumulated_step" verdict="right"
def accumulated_step(model, batches, loss_fn, opt):  # sums first, then divides the gradients
    model.zero_grad()
    total, examples = 0, 0
    for x, y in batches:
        loss = loss_fn(model(x), y) * x.shape[0]
        loss.backward()
        total, examples = total + loss.detach(), examples + x.shape[0]
    for p in model.parameters():
        p.grad /= examples
    opt.step()
    return float(total / examples)

# %% exercise="accumulated_step" verdict="right"
def accumulated_step(model, batches, loss_fn, opt):  # gradients collected by hand; .grad filled as backward would
    n = sum(y.shape[0] for _, y in batches)
    values = 0.0
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    for x, y in batches:
        share = y.shape[0] / n
        loss = loss_fn(model(x), y)
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
            p.grad.add_(g, alpha=share)
        values += share * float(loss)
    opt.step()
    return values

# %% exercise="accumulated_step" verdict="right"
# Sums of losses backwards, the gradients divided once before the step
def accumulated_step(model, batches, loss_fn, opt):
    opt.zero_grad()
    count, total = 0, 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * len(x)
        loss.backward()
        total += loss.item()
        count += len(x)
    for group in opt.param_groups:
        for p in group["params"]:
            if p.grad is not None:
                p.grad /= count
    opt.step()
    return total / count

# %% exercise="accumulated_step" verdict="right"
# The share goes into backward as the weight of the loss
def accumulated_step(model, batches, loss_fn, opt):
    shares = np.array([len(x) for x, _ in batches], dtype=float)
    shares /= shares.sum()
    losses = []
    opt.zero_grad()
    for share, (x, y) in zip(shares.tolist(), batches):
        loss = loss_fn(model(x), y)
        loss.backward(gradient=torch.full_like(loss, share))
        losses.append(loss.item())
    opt.step()
    return float(shares @ losses)

# %% exercise="accumulated_step" verdict="right"
# All of it in a closure given to step()
def accumulated_step(model, batches, loss_fn, opt):
    examples = sum(y.shape[0] for _, y in batches)

    def closure():
        opt.zero_grad()
        total = 0.0
        for x, y in batches:
            part = loss_fn(model(x), y) * (x.shape[0] / examples)
            part.backward()
            total += part.detach().item()
        return total

    return opt.step(closure)

# %% exercise="accumulated_step" verdict="right"
# backward(gradient=share)
def accumulated_step(model, batches, loss_fn, opt):
    n = sum(len(y) for _, y in batches)
    opt.zero_grad()
    value = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward(gradient=torch.full_like(loss, len(y) / n))
        value += float(loss) * len(y) / n
    opt.step()
    return value

# %% exercise="accumulated_step" verdict="wrong" says="the losses were added up"
def accumulated_step(model, batches, loss_fn, opt):  # trusts that .grad averages
    opt.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()
        total += loss.item()
    opt.step()
    return total

# %% exercise="accumulated_step" verdict="wrong" says="a step was taken after each batch"
def accumulated_step(model, batches, loss_fn, opt):  # the usual loop
    examples = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        opt.zero_grad()
        loss = loss_fn(model(x), y) * len(x) / examples
        loss.backward()
        opt.step()
        total += loss.item()
    return total

# %% exercise="accumulated_step" verdict="wrong" says="an old gradient took part"
def accumulated_step(model, batches, loss_fn, opt):  # accumulation means never clearing
    examples = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * len(x) / examples
        loss.backward()
        total += loss.item()
    opt.step()
    return total

# %% exercise="accumulated_step" verdict="wrong" says="all graphs were kept for one backward"
def accumulated_step(model, batches, loss_fn, opt):  # one sum, one backward: the memory of the large batch
    examples = sum(len(x) for x, _ in batches)
    loss = sum(loss_fn(model(x), y) * len(x) for x, y in batches) / examples
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()

# %% exercise="accumulated_step" verdict="wrong" says="the batches were joined into one of 8"
def accumulated_step(model, batches, loss_fn, opt):  # makes the large batch after all
    x, y = (torch.cat(parts) for parts in zip(*batches))
    opt.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()

# %% exercise="accumulated_step" verdict="wrong" says="13 is the mean of the two batch losses"
def accumulated_step(model, batches, loss_fn, opt):  # the gradient weighted, the report not
    examples = sum(len(x) for x, _ in batches)
    losses = []
    opt.zero_grad()
    for x, y in batches:
        loss = loss_fn(model(x), y)
        (loss * len(x) / examples).backward()
        losses.append(loss.item())
    opt.step()
    return sum(losses) / len(losses)

# %% exercise="accumulated_step" verdict="wrong" says="the batch of 2 counts as much"
# 'the gradient that a single large batch would give' with 'different sizes': divided by the number of batches
def accumulated_step(model, batches, loss_fn, opt):
    opt.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)
        loss.backward()
        total += loss.item()
    opt.step()
    return total

# %% exercise="accumulated_step" verdict="wrong" says="clear before the first batch"
# 'the gradient that a single large batch would give': what lay in .grad before is added
def accumulated_step(model, batches, loss_fn, opt):
    n = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * len(x) / n
        loss.backward()
        total += loss.item()
    opt.step()
    opt.zero_grad()
    return total

# %% exercise="accumulated_step" verdict="wrong" says="all graphs were kept"
# 'Call backward for each batch before computing the next': one backward over the sum, all graphs alive
def accumulated_step(model, batches, loss_fn, opt):
    opt.zero_grad()
    n = sum(len(x) for x, _ in batches)
    loss = sum(loss_fn(model(x), y) * len(x) / n for x, y in batches)
    loss.backward()
    opt.step()
    return loss.item()

# %% exercise="accumulated_step" verdict="wrong" says="weigh the returned loss"
# 'Return the loss of the large batch': the gradient is weighed, the reported loss is the plain mean
def accumulated_step(model, batches, loss_fn, opt):
    opt.zero_grad()
    n = sum(len(x) for x, _ in batches)
    losses = []
    for x, y in batches:
        loss = loss_fn(model(x), y)
        (loss * len(x) / n).backward()
        losses.append(loss.item())
    opt.step()
    return sum(losses) / len(losses)

# %% exercise="accumulated_step" verdict="wrong" says="only the last batch's gradient"
# 'the gradient that a single large batch would give': zero_grad stays inside the loop, only the last batch counts
def accumulated_step(model, batches, loss_fn, opt):
    n = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        opt.zero_grad()
        loss = loss_fn(model(x), y) * len(x) / n
        loss.backward()
        total += loss.item()
    opt.step()
    return total

# %% exercise="warmup_cosine" verdict="right"
def warmup_cosine(step, warmup, total):  # one expression, the smaller of two ramps
    rise = (step + 1) / warmup if warmup else 1.0
    progress = max(0, min(step, total) - warmup) / (total - warmup)
    return min(rise, 0.5 + 0.5 * math.cos(progress * math.pi))

# %% exercise="warmup_cosine" verdict="right"
def warmup_cosine(step, warmup, total):  # three cases, and a square of a cosine
    if step >= total:
        return 0.0
    if step >= warmup:
        return math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2
    return float(np.linspace(0, 1, warmup + 1)[step + 1])

# %% exercise="warmup_cosine" verdict="right"
def warmup_cosine(step, warmup, total):  # counts back from the end
    left = total - step
    wave = total - warmup
    if left > wave:
        return 1 - (left - wave - 1) / warmup
    return math.sin(math.pi / 2 * max(left, 0) / wave) ** 2

# %% exercise="warmup_cosine" verdict="right"
# Half-angle: the square of a cosine; progress capped at 1
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return (step + 1) / warmup
    progress = min((step - warmup) / max(total - warmup, 1), 1.0)
    return math.cos(math.pi / 2 * progress) ** 2

# %% exercise="warmup_cosine" verdict="right"
# One np.interp for the ramp, one clipped wave
def warmup_cosine(step, warmup, total):
    if warmup and step < warmup:
        return float(np.interp(step, [-1, warmup - 1], [0.0, 1.0]))
    angle = np.clip(np.pi * (step - warmup) / (total - warmup), 0, np.pi)
    return float((1 + np.cos(angle)) / 2)

# %% exercise="warmup_cosine" verdict="right"
# Sine form, the end tested first
def warmup_cosine(step, warmup, total):
    if step >= total and step >= warmup:
        return 0.0
    if step >= warmup:
        return 0.5 - 0.5 * math.sin(math.pi * ((step - warmup) / (total - warmup) - 0.5))
    return 1.0 - (warmup - 1 - step) / warmup

# %% exercise="warmup_cosine" verdict="wrong" says="the first step is wasted"
def warmup_cosine(step, warmup, total):  # step / warmup: off by one at the start
    if step < warmup:
        return step / warmup
    progress = min((step - warmup) / (total - warmup), 1.0)
    return (1 + math.cos(math.pi * progress)) / 2

# %% exercise="warmup_cosine" verdict="wrong" says="the warm-up is one step too long"
def warmup_cosine(step, warmup, total):  # reaches 1 at step warmup, not before
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = min((step - warmup) / (total - warmup), 1.0)
    return (1 + math.cos(math.pi * progress)) / 2

# %% exercise="warmup_cosine" verdict="wrong" says="after the warm-up the factor drops"
def warmup_cosine(step, warmup, total):  # the cosine counted from step 0
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * min(step / total, 1.0))) / 2

# %% exercise="warmup_cosine" verdict="wrong" says="the factor climbs up again"
def warmup_cosine(step, warmup, total):  # trap cosine-returns
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2

# %% exercise="warmup_cosine" verdict="wrong" says="this is a quarter of a wave"
def warmup_cosine(step, warmup, total):  # cos from 0 to pi/2 also goes from 1 to 0
    if step < warmup:
        return (step + 1) / warmup
    return math.cos(math.pi / 2 * min((step - warmup) / (total - warmup), 1.0))

# %% exercise="warmup_cosine" verdict="wrong" says="the cosine has total - warmup steps"
def warmup_cosine(step, warmup, total):  # total taken as the length of the decay
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * min((step - warmup) / total, 1.0))) / 2

# %% exercise="warmup_cosine" verdict="wrong" says="this is a straight line"
def warmup_cosine(step, warmup, total):  # PolynomialDecay
    if step < warmup:
        return (step + 1) / warmup
    return max(1.0 - (step - warmup) / (total - warmup), 0.0)

# %% exercise="warmup_cosine" verdict="wrong" says="count from step + 1"
# 'from 1 / warmup to 1': starts at 0, so the first step is lost
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return step / warmup
    if step >= total:
        return 0.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

# %% exercise="warmup_cosine" verdict="wrong" says="limit the progress to 1"
# 'After that it stays 0': the cosine climbs again, as CosineAnnealingLR does
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

# %% exercise="warmup_cosine" verdict="wrong" says="the cosine starts at step warmup, not at 0"
# 'At step == warmup it is 1': the wave is measured from step 0, not from the end of the warm-up
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(step / total, 1)))

# %% exercise="warmup_cosine" verdict="wrong" says="warmup_cosine stopped with ZeroDivisionError"
# 'warmup may be 0': the ramp is computed before it is asked whether there is one
def warmup_cosine(step, warmup, total):
    ramp = min((step + 1) / warmup, 1.0)
    progress = min(max((step - warmup) / (total - warmup), 0.0), 1.0)
    return ramp * 0.5 * (1 + math.cos(math.pi * progress))

# %% exercise="warmup_cosine" verdict="wrong" says="steps 4, 6, 8, 10, 12 give"
# 'down to 0 at step == total': reaches it one step early, counting total - warmup - 1 intervals
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return (step + 1) / warmup
    progress = min((step - warmup) / max(total - 1 - warmup, 1), 1.0)
    return 0.5 * (1 + math.cos(math.pi * progress))

# %% exercise="decay_groups" verdict="right"
def decay_groups(model, weight_decay):  # one loop that sorts
    groups = [{"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0}]
    for p in model.parameters():
        if p.requires_grad:
            groups[p.dim() < 2]["params"].append(p)
    return groups

# %% exercise="decay_groups" verdict="right"
def decay_groups(model, weight_decay):  # through the names
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    kernels = {name for name in named if len(named[name].shape) >= 2}
    return [
        dict(params=[named[name] for name in named if name in kernels], weight_decay=weight_decay),
        dict(params=[named[name] for name in named if name not in kernels], weight_decay=0.0),
    ]

# %% exercise="decay_groups" verdict="right"
def decay_groups(model, weight_decay):  # filter, with the frozen ones sorted into a pot of their own
    pots = {True: [], False: [], None: []}
    for p in model.parameters():
        pots[len(p.size()) in (0, 1) if p.requires_grad else None].append(p)
    return [{"params": pots[few], "weight_decay": 0.0 if few else weight_decay} for few in (False, True)]

# %% exercise="decay_groups" verdict="right"
# One loop, two lists
def decay_groups(model, weight_decay):
    decayed, spared = [], []
    for p in model.parameters():
        if p.requires_grad:
            (decayed if p.dim() > 1 else spared).append(p)
    return [dict(params=decayed, weight_decay=weight_decay), dict(params=spared, weight_decay=0)]

# %% exercise="decay_groups" verdict="right"
# Walks modules with recurse=False and removes doubles by hand
def decay_groups(model, weight_decay):
    seen, groups = set(), [{"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0}]
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad and id(p) not in seen:
                seen.add(id(p))
                groups[len(p.shape) < 2]["params"].append(p)
    return groups

# %% exercise="decay_groups" verdict="right"
# Filter and sorted by kind, itertools.groupby replaced by two filters over a de-duplicated dictionary
def decay_groups(model, weight_decay):
    trainable = dict.fromkeys(filter(lambda p: p.requires_grad, model.parameters()))
    kernel = lambda p: p.ndim >= 2
    return [
        {"weight_decay": weight_decay, "params": list(filter(kernel, trainable))},
        {"weight_decay": 0.0, "params": [p for p in trainable if not kernel(p)]},
    ]

# %% exercise="decay_groups" verdict="wrong" says="it is called weight, but is no kernel"
def decay_groups(model, weight_decay):  # tells kernels by their name
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return [
        {"params": [p for name, p in named if name.endswith("weight")], "weight_decay": weight_decay},
        {"params": [p for name, p in named if not name.endswith("weight")], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="a bias is to decay"
def decay_groups(model, weight_decay):  # exclude_from_weight_decay for the layers named norm, and only for them
    norms = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm))]
    spared = [p for m in norms for p in m.parameters() if p.requires_grad]
    rest = [p for p in model.parameters() if p.requires_grad and all(p is not s for s in spared)]
    return [{"params": rest, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]

# %% exercise="decay_groups" verdict="wrong" says="it takes the optimizer's default"
def decay_groups(model, weight_decay):  # no entry, no decay?
    params = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in params if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2]},
    ]

# %% exercise="decay_groups" verdict="wrong" says="it has four axes"
def decay_groups(model, weight_decay):  # a kernel is a matrix
    params = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in params if p.ndim == 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim != 2], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="a weight that two layers share"
def decay_groups(model, weight_decay):  # collects layer by layer: a shared weight comes twice
    params = [p for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad]
    return [
        {"params": [p for p in params if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="is to decay: it is called weight"
# 'the parameters with two axes or more': sorted by the name bias, so the scales of normalisation layers decay
def decay_groups(model, weight_decay):
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    return [
        {"params": [p for n, p in named if not n.endswith("bias")], "weight_decay": weight_decay},
        {"params": [p for n, p in named if n.endswith("bias")], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="a generator is empty after its first use"
# 'as a list under params': generators, which are empty after one look
def decay_groups(model, weight_decay):
    return [
        {"params": (p for p in model.parameters() if p.requires_grad and p.ndim >= 2), "weight_decay": weight_decay},
        {"params": (p for p in model.parameters() if p.requires_grad and p.ndim < 2), "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="frozen parameters are in a group"
# 'Frozen parameters are in neither': all are taken
def decay_groups(model, weight_decay):
    params = list(model.parameters())
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="two layers share is in the group twice"
# 'a shared one only once': collected module by module, tied weights come twice
def decay_groups(model, weight_decay):
    params = [p for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad]
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]

# %% exercise="decay_groups" verdict="wrong" says="the second group must say weight_decay 0"
# 'the second all others and a decay of 0': no entry, so AdamW's default of 0.01 applies
def decay_groups(model, weight_decay):
    params = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2]},
    ]

# %% exercise="adamw_step" verdict="right"
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):  # means in place
    for p in params:
        if p.grad is None:
            continue
        s = state.setdefault(p, {"t": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)})
        s["t"] += 1
        s["m"].lerp_(p.grad, 1 - betas[0])
        s["v"].mul_(betas[1]).addcmul_(p.grad, p.grad, value=1 - betas[1])
        scale = (s["v"] / (1 - betas[1] ** s["t"])).sqrt() + eps
        p.mul_(1 - lr * weight_decay).addcdiv_(s["m"], scale, value=-lr / (1 - betas[0] ** s["t"]))

# %% exercise="adamw_step" verdict="right"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # sums of weights instead of powers
    for p in params:
        if p.grad is not None:
            g, w = p.grad.detach(), p.detach()
            old = state.get(p, [torch.zeros_like(g), 0.0, torch.zeros_like(g), 0.0])
            m, n = betas[0] * old[0] + (1 - betas[0]) * g, betas[0] * old[1] + 1 - betas[0]
            v, k = betas[1] * old[2] + (1 - betas[1]) * g.square(), betas[1] * old[3] + 1 - betas[1]
            state[p] = [m, n, v, k]
            w.copy_(w - lr * (weight_decay * w + m / n / (torch.sqrt(v / k) + eps)))

# %% exercise="adamw_step" verdict="right"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # torch.optim.AdamW, remembered
    for p in params:
        if p.grad is not None:
            if p not in state:
                state[p] = torch.optim.AdamW([p], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
            state[p].step()

# %% exercise="adamw_step" verdict="right"
# In-place lerp_, addcmul_, addcdiv_; corrections moved into step size and denominator
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        s = state.setdefault(p, {"t": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)})
        s["t"] += 1
        p.mul_(1 - lr * weight_decay)
        s["m"].lerp_(p.grad, 1 - b1)
        s["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
        denominator = (s["v"].sqrt() / math.sqrt(1 - b2 ** s["t"])).add_(eps)
        p.addcdiv_(s["m"], denominator, value=-lr / (1 - b1 ** s["t"]))

# %% exercise="adamw_step" verdict="right"
# Out of place, one copy_ at the end; the decay as its own term
def adamw_step(params, state, lr, betas, eps, weight_decay):
    for p in params:
        if p.grad is None:
            continue
        w, g = p.detach(), p.grad.detach()
        t, m, v = state.get(id(p), (0, 0.0, 0.0))
        t, m, v = t + 1, betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g**2
        state[id(p)] = (t, m, v)
        adam = (m / (1 - betas[0] ** t)) / (torch.sqrt(v / (1 - betas[1] ** t)) + eps)
        w.copy_(w - lr * weight_decay * w - lr * adam)

# %% exercise="adamw_step" verdict="right"
# A small class remembers; running products instead of powers
class _Memory:
    def __init__(self, p):
        self.m, self.v = torch.zeros_like(p), torch.zeros_like(p)
        self.c1 = self.c2 = 1.0

    def direction(self, g, b1, b2, eps):
        self.m = self.m * b1 + g * (1 - b1)
        self.v = self.v * b2 + g * g * (1 - b2)
        self.c1, self.c2 = self.c1 * b1, self.c2 * b2
        return (self.m / (1 - self.c1)) / ((self.v / (1 - self.c2)) ** 0.5 + eps)

def adamw_step(params, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                if p not in state:
                    state[p] = _Memory(p)
                step = state[p].direction(p.grad, *betas, eps)
                p.sub_(lr * (step + weight_decay * p))

# %% exercise="adamw_step" verdict="wrong" says="the squares' mean is left uncorrected"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # corrects the first mean only
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                t, m, v = state.get(p, (0, 0, 0))
                m = betas[0] * m + (1 - betas[0]) * p.grad
                v = betas[1] * v + (1 - betas[1]) * p.grad**2
                state[p] = t + 1, m, v
                p *= 1 - lr * weight_decay
                p -= lr * m / (1 - betas[0] ** (t + 1)) / (v.sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="eps went inside the root"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # as Keras's RMSprop does
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                t, m, v = state.get(p, (0, 0, 0))
                m = betas[0] * m + (1 - betas[0]) * p.grad
                v = betas[1] * v + (1 - betas[1]) * p.grad**2
                state[p] = t + 1, m, v
                p *= 1 - lr * weight_decay
                p -= lr * m / (1 - betas[0] ** (t + 1)) / (v / (1 - betas[1] ** (t + 1)) + eps).sqrt()

# %% exercise="adamw_step" verdict="wrong" says="the first step gives nan"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # starts to count at 0
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                t, m, v = state.get(p, (torch.zeros((), device=p.device), 0, 0))
                m = betas[0] * m + (1 - betas[0]) * p.grad
                v = betas[1] * v + (1 - betas[1]) * p.grad**2
                p *= 1 - lr * weight_decay
                p -= lr * m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
                state[p] = t + 1, m, v

# %% exercise="adamw_step" verdict="wrong" says="has its first step now"
def adamw_step(params, state, lr, betas, eps, weight_decay):  # one counter for all, like Keras's iterations
    t = state["t"] = state.get("t", 0) + 1
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                m, v = state.get(p, (0, 0))
                m = betas[0] * m + (1 - betas[0]) * p.grad
                v = betas[1] * v + (1 - betas[1]) * p.grad**2
                state[p] = m, v
                p *= 1 - lr * weight_decay
                p -= lr * m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="eps was added before the correction"
# 'one step of torch.optim.AdamW': eps is added before the correction, as Keras does
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        t, m, v = state.get(p, (0, torch.zeros_like(p), torch.zeros_like(p)))
        t, m, v = t + 1, b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
        state[p] = t, m, v
        rate = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        p *= 1 - lr * weight_decay
        p -= rate * m / (v.sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="the decay went through the means"
# 'one step of torch.optim.AdamW': the decay goes into the gradient, which is Adam's L2
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        g = p.grad + weight_decay * p
        t, m, v = state.get(p, (0, torch.zeros_like(p), torch.zeros_like(p)))
        t, m, v = t + 1, b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        state[p] = t, m, v
        p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="each counts its own"
# 'Parameters without gradient are passed over and count no step': one common step count
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    t = state["t"] = state.get("t", 0) + 1
    for p in params:
        if p.grad is None:
            continue
        m, v = state.get(p, (torch.zeros_like(p), torch.zeros_like(p)))
        m, v = b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
        state[p] = m, v
        p *= 1 - lr * weight_decay
        p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="the decay acts after the step"
# 'one step of torch.optim.AdamW': the decay acts on the weight after its step instead of before
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        t, m, v = state.get(p, (0, torch.zeros_like(p), torch.zeros_like(p)))
        t, m, v = t + 1, b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
        state[p] = t, m, v
        p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)
        p *= 1 - lr * weight_decay

# %% exercise="adamw_step" verdict="wrong" says="the decay forgot the learning rate"
# 'one step of torch.optim.AdamW': the decay is not multiplied by the rate
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        t, m, v = state.get(p, (0, torch.zeros_like(p), torch.zeros_like(p)))
        t, m, v = t + 1, b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
        state[p] = t, m, v
        p *= 1 - weight_decay
        p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="both means start at 0"
# breaks: 'torch.optim.AdamW'; no bias correction
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        g = p.grad
        m, v = state.get(p, (0.0, 0.0))
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        state[p] = m, v
        p *= 1 - lr * weight_decay
        p -= lr * m / (v.sqrt() + eps)

# %% exercise="adamw_step" verdict="wrong" says="the gradient itself was changed"
# breaks: 'Leave .grad as it is'; squares the gradient in place
@torch.no_grad()
def adamw_step(params, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for p in params:
        if p.grad is None:
            continue
        g = p.grad
        t, m, v = state.get(p, (0, 0.0, 0.0))
        t, m = t + 1, b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g.square_()
        state[p] = t, m, v
        p *= 1 - lr * weight_decay
        p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)

# %% exercise="from_keras" verdict="equivalent" because="the name is sgd or adam, and of these two only sgd is not before sgd in the alphabet"
if config['name'] >= 'sgd':
