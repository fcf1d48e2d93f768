# %% exercise="mlp" verdict="right"
def mlp(sizes, device=None):  # an index instead of a slice decides where a ReLU stands
    net = nn.Sequential()
    for i in range(len(sizes) - 1):
        if i > 0:
            net.append(nn.ReLU())
        net.append(nn.Linear(sizes[i], sizes[i + 1], device=device))
    return net

# %% exercise="mlp" verdict="right"
def mlp(sizes, device=None):  # the first layer, then pairs of ReLU and Linear
    first = nn.Linear(sizes[0], sizes[1], device=device)
    rest = [[nn.ReLU(), nn.Linear(a, b, device=device)] for a, b in zip(sizes[1:-1], sizes[2:])]
    return nn.Sequential(first, *(layer for pair in rest for layer in pair))

# %% exercise="mlp" verdict="right"
def mlp(sizes, device=None):  # all made on the device by the context, the last ReLU deleted again
    with torch.device(device or "cpu"):
        net = nn.Sequential()
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            net.extend([nn.Linear(n_in, n_out), nn.ReLU()])
    del net[-1]
    return net

# %% exercise="mlp" verdict="wrong" says="the net ends in ReLU"
def mlp(sizes, device=None):  # an activation after every Dense: negative logits are lost
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out, device=device), nn.ReLU()]
    return nn.Sequential(*layers)

# %% exercise="mlp" verdict="wrong" says="the net ends in Softmax"
def mlp(sizes, device=None):  # nn-double-softmax: Dense(10, activation="softmax") taken along
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out, device=device), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Softmax(dim=-1))

# %% exercise="mlp" verdict="wrong" says="without an activation"
def mlp(sizes, device=None):  # waits for an activation= that nn.Linear does not have
    return nn.Sequential(*(nn.Linear(a, b, device=device) for a, b in zip(sizes, sizes[1:])))

# %% exercise="mlp" verdict="wrong" says="the net starts with ReLU"
def mlp(sizes, device=None):  # activation first, as one writes relu(x) before the layer
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.ReLU(), nn.Linear(n_in, n_out, device=device)]
    return nn.Sequential(*layers)

# %% exercise="mlp" verdict="wrong" says="takes inputs first, outputs second"
def mlp(sizes, device=None):  # nn-linear-layout: builds the layer in the order of its weight, (out, in)
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_out, n_in, device=device), nn.ReLU()]
    return nn.Sequential(*layers[:-1])

# %% exercise="mlp" verdict="wrong" says="return an nn.Sequential, got list"
def mlp(sizes, device=None):  # keras.Sequential takes the list; here it must still be unpacked
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out, device=device), nn.ReLU()]
    return layers[:-1]

# %% exercise="mlp" verdict="wrong" says="on the device asked for"
def mlp(sizes, device=None):  # leaves the placement to the framework, as TensorFlow does
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])

# %% exercise="port_dense" verdict="right"
def port_dense(kernel, bias, device=None):  # new Parameters made from copies of the arrays
    layer = nn.Linear(1, 1, bias=False)
    layer.in_features, layer.out_features = kernel.shape
    layer.weight = nn.Parameter(torch.tensor(kernel, device=device).T.contiguous())
    if bias is not None:
        layer.bias = nn.Parameter(torch.tensor(bias, device=device))
    return layer

# %% exercise="port_dense" verdict="right"
def port_dense(kernel, bias, device=None):  # through a state_dict
    state = {"weight": torch.from_numpy(kernel.T.copy())}
    if bias is not None:
        state["bias"] = torch.from_numpy(bias.copy())
    n_in, n_out = kernel.shape
    layer = nn.Linear(n_in, n_out, bias="bias" in state, dtype=state["weight"].dtype, device=device)
    layer.load_state_dict(state)
    return layer

# %% exercise="port_dense" verdict="right"
def port_dense(kernel, bias, device=None):  # a Dense without bias becomes a layer whose bias is zero
    bias = np.zeros(kernel.shape[1]) if bias is None else bias
    layer = nn.Linear(*kernel.shape).to(device, torch.as_tensor(kernel[:0].copy()).dtype)
    with torch.no_grad():
        for parameter, array in ((layer.weight, kernel.T), (layer.bias, bias)):
            parameter.copy_(torch.from_numpy(array.copy()))
    return layer

# %% exercise="port_dense" verdict="wrong" says="weight has shape (3, 5), as in Keras"
def port_dense(kernel, bias, device=None):  # trap square-kernel: the kernel as it stands
    layer = nn.Linear(*kernel.shape, device=device)
    layer.weight = nn.Parameter(torch.tensor(kernel, device=device))
    layer.bias = nn.Parameter(torch.tensor(bias, device=device))
    return layer

# %% exercise="port_dense" verdict="wrong" says="reshaped, not transposed"
def port_dense(kernel, bias, device=None):  # makes the shapes fit with reshape
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device=device)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(kernel.reshape(kernel.shape[::-1])))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer

# %% exercise="port_dense" verdict="wrong" says="still holds PyTorch's random start"
def port_dense(kernel, bias, device=None):  # nn-linear-init: takes the bias for zero, as in Keras
    layer = nn.Linear(*kernel.shape, device=device)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(kernel.T))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the bias was left out"
def port_dense(kernel, bias, device=None):  # ports the kernel and forgets that there are two arrays
    layer = nn.Linear(*kernel.shape, bias=False, device=device)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(kernel.T))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the weight no longer trains"
def port_dense(kernel, bias, device=None):  # takes requires_grad off to be allowed to write
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device=device).requires_grad_(False)
    layer.weight.copy_(torch.tensor(kernel.T))
    if bias is not None:
        layer.bias.copy_(torch.tensor(bias))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the layer must add nothing"
def port_dense(kernel, bias, device=None):  # use_bias=False: copies no bias and leaves the random one in place
    weight = torch.tensor(kernel.T)
    layer = nn.Linear(*kernel.shape, device=device, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer

# %% exercise="class_loss" verdict="right"
def class_loss(logits, labels):  # by hand: minus the log-probability of the right class
    log_p = logits.log_softmax(dim=1)
    return -log_p.gather(1, labels.reshape(-1, 1).to(torch.int64)).mean()

# %% exercise="class_loss" verdict="right"
def class_loss(logits, labels):  # certain probabilities as targets
    one_hot = F.one_hot(labels.long().view(-1), logits.shape[1])
    return nn.CrossEntropyLoss()(logits, one_hot.to(logits.dtype))

# %% exercise="class_loss" verdict="right"
def class_loss(logits, labels):  # log of the sum of all minus the right one
    rows = torch.arange(len(logits), device=logits.device)
    right = logits[rows, labels.long().ravel()]
    return (torch.logsumexp(logits, dim=-1) - right).mean()

# %% exercise="class_loss" verdict="wrong" says="softmax was applied before"
def class_loss(logits, labels):  # trap double-softmax
    return F.cross_entropy(logits.softmax(dim=1), labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="nll_loss expects log-probabilities"
def class_loss(logits, labels):  # takes nll_loss for the loss on logits
    return F.nll_loss(logits, labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="the sum over the batch"
def class_loss(logits, labels):  # nn-mse-reduction: the running example's reduction
    return F.cross_entropy(logits, labels.flatten().long(), reduction="sum")

# %% exercise="class_loss" verdict="wrong" says="one number for the whole batch"
def class_loss(logits, labels):  # reduction="none", to average later
    return F.cross_entropy(logits, labels.flatten().long(), reduction="none")

# %% exercise="class_loss" verdict="wrong" says="probabilities were clipped"
def class_loss(logits, labels):  # Keras's loss on probabilities clips them at 1e-7
    p = logits.softmax(dim=1).clamp(1e-7, 1 - 1e-7)
    return F.nll_loss(p.log(), labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="large logits overflow in exp"
def class_loss(logits, labels):  # the formula as the book has it
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return F.nll_loss(p.log(), labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="runs over the classes of each sample"
def class_loss(logits, labels):  # nn-softmax-dim: the first axis, as the old guess
    return F.nll_loss(logits.log_softmax(dim=0), labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="so that gradients can flow"
def class_loss(logits, labels):  # a number, as history.history["loss"] has it
    return F.cross_entropy(logits, labels.flatten().long()).item()

# %% exercise="predict_proba" verdict="right"
import copy


def predict_proba(model, x):  # a copy may stay in eval mode; hooks come along
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        return F.softmax(twin(x), dim=-1)

# %% exercise="predict_proba" verdict="right"
def predict_proba(model, x):  # only the modules that were training are switched, and back again
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        with torch.inference_mode():
            return torch.softmax(model(x), -1).clone()
    finally:
        for module in training:
            module.training = True

# %% exercise="predict_proba" verdict="right"
@torch.no_grad()
def predict_proba(model, x):  # the decorator, exp and a division of one's own
    modes = [module.training for module in model.modules()]
    logits = model.eval()(x)
    for module, mode in zip(model.modules(), modes):
        module.training = mode
    e = (logits - logits.amax(dim=-1, keepdim=True)).exp()
    return e / e.sum(dim=-1, keepdim=True)

# %% exercise="predict_proba" verdict="wrong" says="dropout is still active"
def predict_proba(model, x):  # trap eval-is-not-no-grad: no_grad taken for the test mode
    with torch.no_grad():
        return model(x).softmax(dim=-1)

# %% exercise="predict_proba" verdict="wrong" says="still hangs on a graph"
def predict_proba(model, x):  # trap eval-is-not-no-grad, the other half
    modes = {module: module.training for module in model.modules()}
    model.eval()
    probabilities = model(x).softmax(dim=-1)
    for module, mode in modes.items():
        module.training = mode
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="left in eval mode"
def predict_proba(model, x):  # training=False held for one call in Keras; here it stays
    model.eval()
    with torch.no_grad():
        return model(x).softmax(dim=-1)

# %% exercise="predict_proba" verdict="wrong" says="in eval mode inside a training model"
def predict_proba(model, x):  # trap frozen-batch-norm: train(mode) wakes the frozen layer
    training = model.training
    model.eval()
    with torch.no_grad():
        probabilities = model(x).softmax(dim=-1)
    model.train(training)
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="is left in train mode"
def predict_proba(model, x):  # switches everything that was training on again, and the model in any case
    frozen = [module for module in model.modules() if not module.training and module is not model]
    model.eval()
    with torch.no_grad():
        probabilities = model(x).softmax(dim=-1)
    model.train()
    for module in frozen:
        module.eval()
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="the softmax ran over the batch"
def predict_proba(model, x):  # nn-softmax-dim
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        probabilities = model(x).softmax(dim=0)
    for module, mode in modes.items():
        module.training = mode
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="these are logits"
def predict_proba(model, x):  # the last Dense had its softmax inside
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        probabilities = model(x)
    for module, mode in modes.items():
        module.training = mode
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="of one sample must sum to 1"
def predict_proba(model, x):  # a sigmoid for each class
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        probabilities = model(x).sigmoid()
    for module, mode in modes.items():
        module.training = mode
    return probabilities

# %% exercise="predict_proba" verdict="wrong" says="skips its hooks"
def predict_proba(model, x):  # nn-call-vs-forward
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        probabilities = model.forward(x).softmax(dim=-1)
    for module, mode in modes.items():
        module.training = mode
    return probabilities

# %% exercise="keras_start" verdict="right"
def keras_start(model):  # apply with a function
    def start(module):
        if type(module) in (nn.Linear, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                module.bias.data.zero_()

    return model.apply(start)

# %% exercise="keras_start" verdict="right"
@torch.no_grad()
def keras_start(model):  # the bound worked out by hand
    for layer in model.modules():
        if isinstance(layer, nn.Linear) or isinstance(layer, nn.Conv2d):
            out, into, *window = layer.weight.shape
            bound = (6 / ((out + into) * int(np.prod(window)))) ** 0.5
            layer.weight.uniform_(-bound, bound)
            if layer.bias is not None:
                layer.bias.fill_(0.0)
    return model

# %% exercise="keras_start" verdict="right"
def keras_start(model):  # recursion over the children
    if isinstance(model, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(model.weight, gain=1.0)
        for bias in filter(lambda p: p is not None, [model.bias]):
            nn.init.constant_(bias, 0)
    for child in model.children():
        keras_start(child)
    return model

# %% exercise="keras_start" verdict="wrong" says="batch norm's weight was changed"
def keras_start(model):  # every parameter alike, by its shape
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
        else:
            nn.init.zeros_(p)
    return model

# %% exercise="keras_start" verdict="wrong" says="batch norm's bias was changed"
def keras_start(model):  # every bias of every layer
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(p)
        elif p.dim() > 1:
            nn.init.xavier_uniform_(p)
    return model

# %% exercise="keras_start" verdict="wrong" says="the nested Conv2d was not reached"
def keras_start(model):  # nn-init-apply: looks at the first level only, as over model.layers
    for layer in [model, *model.children()]:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model

# %% exercise="keras_start" verdict="wrong" says="a normal draw has no bound"
def keras_start(model):  # GlorotNormal for GlorotUniform
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model

# %% exercise="keras_start" verdict="wrong" says="the widest weight of Linear(300, 100)"
def keras_start(model):  # nn-linear-init: believes the default to be Glorot's and clears the bias only
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            layer.reset_parameters()
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model

# %% exercise="keras_start" verdict="wrong" says="the weight is a new Parameter"
def keras_start(model):  # nn-init-direct: replaces instead of writing in place
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            layer.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty_like(layer.weight)))
            if layer.bias is not None:
                layer.bias = nn.Parameter(torch.zeros_like(layer.bias))
    return model

# %% exercise="keras_start" verdict="wrong" says="still holds PyTorch's uniform start"
def keras_start(model):  # a Dense bias is 0 anyway
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
    return model

# %% exercise="keras_start" verdict="wrong" says="return the model that was given"
def keras_start(model):  # builds a fresh start in a copy
    import copy

    fresh = copy.deepcopy(model)
    for layer in fresh.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return fresh

# %% exercise="fine_tune_mode" verdict="right"
def fine_tune_mode(model):  # apply, with a function that asks for the type
    def freeze(module):
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.eval().requires_grad_(False)

    return model.train().apply(freeze)

# %% exercise="fine_tune_mode" verdict="right"
def fine_tune_mode(model):  # the modes set one by one, parameters through the loop
    for module in model.modules():
        frozen = type(module).__name__ in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
        module.training = not frozen
        if frozen:
            for parameter in module.parameters():
                parameter.requires_grad = False
    return model

# %% exercise="fine_tune_mode" verdict="right"
def fine_tune_mode(model):  # the common parent class of the three
    parent = nn.BatchNorm1d.__mro__[1]
    norms = [module for module in model.modules() if isinstance(module, parent)]
    model.train(True)
    for norm in norms:
        norm.train(False)
        if norm.affine:
            norm.weight.requires_grad_(False)
            norm.bias.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="the running statistics still move"
def fine_tune_mode(model):  # trap frozen-batch-norm: requires_grad taken for trainable
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="eval() does not stop gradients"
def fine_tune_mode(model):  # the other half of the trap
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.eval()
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="dropout is off"
def fine_tune_mode(model):  # eval() for the whole model
    model.eval()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="the Linear layers no longer train"
def fine_tune_mode(model):  # base.trainable = False, for everything
    model.train()
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.eval()
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="it has no statistics"
def fine_tune_mode(model):  # freezes whatever is called a norm
    model.train()
    for module in model.modules():
        if "Norm" in type(module).__name__:
            module.eval().requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="inside the nested block was not reached"
def fine_tune_mode(model):  # looks at the first level only, as over model.layers
    model.train()
    for module in model.children():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.eval().requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="normalises by the batch"
def fine_tune_mode(model):  # momentum 0 keeps the statistics, yet does not use them
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.momentum = 0.0
            module.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="BatchNorm2d still counts batches"
def fine_tune_mode(model):  # knows one kind of batch norm only
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.eval().requires_grad_(False)
    return model

# %% exercise="same_pad" verdict="right"
def same_pad(x, size, stride):  # TensorFlow's own formula: outputs first
    def both(n):
        outputs = (n + stride - 1) // stride
        missing = max(0, (outputs - 1) * stride + size - n)
        return missing // 2, missing - missing // 2

    return F.pad(x, (*both(x.size(-1)), *both(x.size(-2))))

# %% exercise="same_pad" verdict="right"
def same_pad(x, size, stride):  # counts the zeros up until the last window fits
    def ends(n):
        start, missing = list(range(0, n, stride))[-1], 0
        while start + size > n + missing:
            missing += 1
        return missing // 2, -(-missing // 2)

    (top, bottom), (left, right) = ends(x.shape[2]), ends(x.shape[3])
    return nn.ZeroPad2d((left, right, top, bottom))(x)

# %% exercise="same_pad" verdict="right"
def same_pad(x, size, stride):  # zeros joined to the images, axis by axis
    for axis in (2, 3):
        n = x.shape[axis]
        total = max((-(-n // stride) - 1) * stride + size - n, 0)
        before, after = list(x.shape), list(x.shape)
        before[axis], after[axis] = total // 2, (total + 1) // 2
        x = torch.cat([x.new_zeros(before), x, x.new_zeros(after)], dim=axis)
    return x

# %% exercise="same_pad" verdict="wrong" says="not one at each end"
def same_pad(x, size, stride):  # trap same-padding: half a window at each end
    return F.pad(x, (size // 2,) * 4)

# %% exercise="same_pad" verdict="wrong" says="the odd zero stands in front"
def same_pad(x, size, stride):  # rounds the half up in front
    pads = []
    for n in (x.shape[3], x.shape[2]):
        total = max(size - (n % stride or stride), 0)
        pads += [total - total // 2, total // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="SAME does not repeat the edge"
def same_pad(x, size, stride):  # repeats the border pixels instead of adding zeros
    pads = []
    for n in (x.shape[3], x.shape[2]):
        total = max(size - (n % stride or stride), 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, mode="replicate")

# %% exercise="same_pad" verdict="wrong" says="F.pad counts from the last axis"
def same_pad(x, size, stride):  # height first, as the shape has it
    pads = []
    for n in (x.shape[2], x.shape[3]):
        total = max(size - (n % stride or stride), 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="a negative amount crops"
def same_pad(x, size, stride):  # the formula without its max(..., 0)
    pads = []
    for n in (x.shape[3], x.shape[2]):
        total = size - (n % stride or stride) if n > stride else 0
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="one zero on each side"
def same_pad(x, size, stride):  # all zeros behind, as for the even size of the lesson
    pads = []
    for n in (x.shape[3], x.shape[2]):
        pads += [0, max(size - (n % stride or stride), 0)]
    return F.pad(x, pads)

# %% exercise="port_after_flatten" verdict="right"
def port_after_flatten(kernel, shape):  # reorders the rows by an index, made by flattening numbered pixels
    index = torch.arange(len(kernel), device=kernel.device).view(*shape)
    return kernel[index.permute(2, 0, 1).reshape(-1)].t()

# %% exercise="port_after_flatten" verdict="right"
def port_after_flatten(kernel, shape):  # one channel after the other: every C-th row, then side by side
    return torch.cat([kernel[c :: shape[2]] for c in range(shape[2])]).T

# %% exercise="port_after_flatten" verdict="right"
def port_after_flatten(kernel, shape):  # the axes by name
    h, w, c = shape
    out = kernel.shape[1]
    return torch.einsum("hwco->ochw", kernel.reshape(h, w, c, out)).reshape(out, c * h * w)

# %% exercise="port_after_flatten" verdict="wrong" says="transposed and no more"
def port_after_flatten(kernel, shape):  # trap flatten-order: as for any other Dense
    return kernel.T

# %% exercise="port_after_flatten" verdict="wrong" says="height and width changed places"
def port_after_flatten(kernel, shape):  # permute(3, 2, 1, 0): right for square images by sight only
    return kernel.reshape(*shape, -1).permute(3, 2, 1, 0).flatten(1)

# %% exercise="port_after_flatten" verdict="wrong" says="this is (in, out) still"
def port_after_flatten(kernel, shape):  # nn-linear-layout: rows in order, not transposed
    return kernel.reshape(*shape, -1).permute(2, 0, 1, 3).flatten(0, 2)

# %% exercise="port_after_flatten" verdict="wrong" says="the other way round"
def port_after_flatten(kernel, shape):  # reads the rows as channels first and makes them channels last
    h, w, c = shape
    return kernel.reshape(c, h, w, -1).permute(3, 1, 2, 0).flatten(1)

# %% exercise="port_after_flatten" verdict="wrong" says="return the weight as a tensor"
def port_after_flatten(kernel, shape):  # stays in NumPy, where get_weights() left it
    array = kernel.detach().cpu().numpy().reshape(*shape, -1)
    return array.transpose(3, 2, 0, 1).reshape(array.shape[-1], -1)

# %% exercise="port_after_flatten" verdict="wrong" says="expected (out, in) = (5, 24)"
def port_after_flatten(kernel, shape):  # the four axes of a convolution, never flattened
    return kernel.reshape(*shape, -1).permute(3, 2, 0, 1)
