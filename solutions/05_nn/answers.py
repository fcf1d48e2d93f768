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

# %% exercise="mlp" verdict="right"
# comprehension of pairs, flattened, the last ReLU sliced off before Sequential
def mlp(sizes, device=None):
    pairs = [(nn.Linear(a, b, device=device), nn.ReLU()) for a, b in zip(sizes, sizes[1:])]
    flat = [layer for pair in pairs for layer in pair]
    return nn.Sequential(*flat[:-1])

# %% exercise="mlp" verdict="right"
# named layers through an OrderedDict, as the lesson shows; made under a torch.device context
import contextlib
from collections import OrderedDict

def mlp(sizes, device=None):
    where = torch.device(device) if device is not None else contextlib.nullcontext()
    layers = OrderedDict()
    with where:
        for i in range(len(sizes) - 1):
            if i:
                layers[f"act{i}"] = nn.ReLU()
            layers[f"linear{i}"] = nn.Linear(sizes[i], sizes[i + 1])
    return nn.Sequential(layers)

# %% exercise="mlp" verdict="right"
# one stateless ReLU object stands in every gap, as the lesson reuses its pool; Sequential.append
def mlp(sizes, device=None):
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(sizes[0], sizes[1], device=device))
    for a, b in zip(sizes[1:-1], sizes[2:]):
        net.append(relu)
        net.append(nn.Linear(a, b, device=device))
    return net

# %% exercise="mlp" verdict="wrong" says="the net ends in ReLU"
# 'The last layer gives logits': a ReLU follows the last Linear
def mlp(sizes, device=None):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b, device=device), nn.ReLU()]
    return nn.Sequential(*layers)

# %% exercise="mlp" verdict="wrong" says="the net ends in Softmax"
# 'The last layer gives logits': Keras habit of a softmax at the end
def mlp(sizes, device=None):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b, device=device), nn.ReLU()]
    layers[-1] = nn.Softmax(dim=-1)
    return nn.Sequential(*layers)

# %% exercise="mlp" verdict="wrong" says="on the device asked for"
# 'All parameters are made on device': only the first layer gets the device
def mlp(sizes, device=None):
    layers = [nn.Linear(sizes[0], sizes[1], device=device)]
    for a, b in zip(sizes[1:], sizes[2:]):
        layers += [nn.ReLU(), nn.Linear(a, b)]
    return nn.Sequential(*layers)

# %% exercise="mlp" verdict="wrong" says="between every two Linear layers"
# 'an nn.ReLU between every two of them': only one ReLU, right for three sizes alone
def mlp(sizes, device=None):
    layers = [nn.Linear(a, b, device=device) for a, b in zip(sizes, sizes[1:])]
    layers.insert(1, nn.ReLU())
    return nn.Sequential(*layers[: len(layers) if len(sizes) > 2 else 1])

# %% exercise="mlp" verdict="wrong" says="return an nn.Sequential, got MLP"
# 'an nn.Sequential of Linear layers': a Module of its own that applies relu in forward
def mlp(sizes, device=None):
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(a, b, device=device) for a, b in zip(sizes, sizes[1:]))

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = F.relu(layer(x))
            return self.layers[-1](x)

    return MLP()

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

# %% exercise="port_dense" verdict="right"
# new Parameters assigned to the layer; torch.tensor copies and keeps the dtype
def port_dense(kernel, bias, device=None):
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(torch.tensor(kernel, device=device).T.contiguous())
    if bias is not None:
        layer.bias = nn.Parameter(torch.tensor(bias, device=device))
    return layer

# %% exercise="port_dense" verdict="right"
# load_state_dict copies shared tensors into a layer of the right dtype
def port_dense(kernel, bias, device=None):
    state = {"weight": torch.as_tensor(kernel).T}
    if bias is not None:
        state["bias"] = torch.as_tensor(bias)
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device=device, dtype=state["weight"].dtype)
    layer.load_state_dict(state)
    return layer

# %% exercise="port_dense" verdict="right"
# NumPy makes the copy, .to sets dtype and device, slices of .data are filled
def port_dense(kernel, bias, device=None):
    n_in, n_out = kernel.shape
    arrays = [np.array(kernel.T)] + ([] if bias is None else [np.array(bias)])
    layer = nn.Linear(n_in, n_out, bias=len(arrays) == 2)
    layer = layer.to(device=device, dtype=torch.from_numpy(arrays[0]).dtype)
    for p, array in zip(layer.parameters(), arrays):
        p.data[:] = torch.from_numpy(array)
    return layer

# %% exercise="port_dense" verdict="wrong" says="changed the bias"
# 'with memory of its own': the kernel is copied, the bias still shares the array
def port_dense(kernel, bias, device=None):
    layer = nn.Linear(*kernel.shape, bias=bias is not None)
    layer.weight = nn.Parameter(torch.from_numpy(kernel.T.copy()).to(device))
    if bias is not None:
        layer.bias = nn.Parameter(torch.from_numpy(bias).to(device))
    return layer

# %% exercise="port_dense" verdict="wrong" says="reshaped, not transposed"
# 'computes x @ kernel + bias': reshape instead of transpose
def port_dense(kernel, bias, device=None):
    w = torch.tensor(kernel)
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device=device, dtype=w.dtype)
    with torch.no_grad():
        layer.weight.copy_(w.reshape(layer.weight.shape))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the weight for float64 arrays: expected torch.float64"
# 'of the arrays' dtype': copy_ casts float64 to the layer's float32 in silence
def port_dense(kernel, bias, device=None):
    layer = nn.Linear(kernel.shape[0], kernel.shape[1], bias=bias is not None, device=device)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernel.T))
        if bias is not None:
            layer.bias.copy_(torch.from_numpy(bias))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the layer must add nothing"
# 'bias is None for a Dense made with use_bias=False': the layer keeps PyTorch's random initial bias
def port_dense(kernel, bias, device=None):
    w = torch.tensor(kernel.T)
    layer = nn.Linear(kernel.shape[0], kernel.shape[1], device=device, dtype=w.dtype)
    with torch.no_grad():
        layer.weight.copy_(w)
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer

# %% exercise="port_dense" verdict="wrong" says="the weight no longer trains"
# 'trainable': recording is switched off on the parameters to write into them and never switched on again
def port_dense(kernel, bias, device=None):
    w = torch.tensor(kernel.T)
    layer = nn.Linear(*kernel.shape, bias=bias is not None, device=device, dtype=w.dtype).requires_grad_(False)
    layer.weight.copy_(w)
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

# %% exercise="class_loss" verdict="wrong" says="nll_loss expects log-probabilities"
def class_loss(logits, labels):  # takes nll_loss for the loss on logits
    return F.nll_loss(logits, labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="one number for the whole batch"
def class_loss(logits, labels):  # reduction="none", to average later
    return F.cross_entropy(logits, labels.flatten().long(), reduction="none")

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

# %% exercise="class_loss" verdict="right"
# log_softmax, gather the label's column, mean, minus
def class_loss(logits, labels):
    column = torch.as_tensor(labels, device=logits.device).reshape(-1, 1).to(torch.int64)
    return -logits.log_softmax(dim=1).gather(1, column).mean()

# %% exercise="class_loss" verdict="right"
# certain probabilities as soft targets: the same loss, as the lesson says
def class_loss(logits, labels):
    index = torch.as_tensor(labels, device=logits.device).flatten().long()
    return F.cross_entropy(logits, F.one_hot(index, logits.shape[1]).to(logits.dtype))

# %% exercise="class_loss" verdict="right"
# logsumexp minus the label's logit, picked by indexing; the module's mean by hand
def class_loss(logits, labels):
    index = torch.as_tensor(labels, device=logits.device).to(torch.long).view(len(logits))
    own = logits[torch.arange(len(logits), device=logits.device), index]
    return (torch.logsumexp(logits, dim=-1) - own).sum() / len(logits)

# %% exercise="class_loss" verdict="wrong" says="class_loss stopped with"
# 'of shape (N,) or (N, 1)': squeeze() without an axis leaves a number for a batch of one
def class_loss(logits, labels):
    return F.cross_entropy(logits, labels.squeeze().long())

# %% exercise="class_loss" verdict="wrong" says="softmax was applied before"
# 'the mean cross-entropy' of logits: softmax before a loss that contains it
def class_loss(logits, labels):
    return F.cross_entropy(logits.softmax(dim=-1), labels.reshape(-1).long())

# %% exercise="class_loss" verdict="wrong" says="the sum over the batch"
# 'the mean cross-entropy over the batch': the sum
def class_loss(logits, labels):
    return nn.CrossEntropyLoss(reduction="sum")(logits, labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="no gradient reaches the logits"
# 'as a tensor that gradients flow through': logits detached on the way to a fresh tensor
def class_loss(logits, labels):
    loss = F.cross_entropy(logits, labels.reshape(-1).long())
    return torch.tensor(loss.item(), requires_grad=True)

# %% exercise="class_loss" verdict="wrong" says="probabilities were clipped"
# 'the mean cross-entropy': Keras's clipping at 1e-7 caps the loss of sure and wrong logits at 16.1
def class_loss(logits, labels):
    probabilities = logits.softmax(dim=1).clamp(1e-7, 1 - 1e-7)
    return F.nll_loss(probabilities.log(), labels.reshape(-1).long())

# %% exercise="class_loss" verdict="wrong" says="rounds to 0 before its logarithm"
# breaks: 'Large logits must not overflow'; log of softmax in two steps
def class_loss(logits, labels):
    return F.nll_loss(logits.softmax(dim=1).log(), labels.flatten().long())

# %% exercise="class_loss" verdict="wrong" says="Cannot copy out of meta tensor"
# breaks: 'without a detour over the CPU' (at the page's top): torch.LongTensor lies on the CPU
def class_loss(logits, labels):
    labels = labels.type(torch.LongTensor).to(logits.device)
    return nn.CrossEntropyLoss()(logits, labels.squeeze(1) if labels.dim() > 1 else labels)

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

# %% exercise="predict_proba" verdict="right"
# flags kept in a dictionary, written back one by one; inference_mode builds no graph
def predict_proba(model, x):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.inference_mode():
        result = torch.softmax(model(x), -1)
    for module, mode in modes.items():
        module.training = mode
    return result

# %% exercise="predict_proba" verdict="right"
# context manager class; train(mode) restores parents first, children after them
class Evaluating:
    def __init__(self, model):
        self.before = [(m, m.training) for m in model.modules()]
        self.grad = torch.no_grad()

    def __enter__(self):
        for m, _ in self.before:
            m.eval()
        self.grad.__enter__()

    def __exit__(self, *error):
        self.grad.__exit__(*error)
        for m, mode in self.before:  # outermost first, so the inner ones have the last word
            m.train(mode)

def predict_proba(model, x):
    with Evaluating(model):
        return model(x).softmax(dim=-1)

# %% exercise="predict_proba" verdict="right"
# works on a deep copy: the model itself is never touched
import copy

@torch.no_grad()
def predict_proba(model, x):
    return F.softmax(copy.deepcopy(model).eval()(x), dim=-1)

# %% exercise="predict_proba" verdict="wrong" says="was in eval mode and is left in train mode"
# 'in the mode it was in before, whichever that was': always ends in train mode
def predict_proba(model, x):
    model.eval()
    with torch.no_grad():
        result = model(x).softmax(dim=-1)
    model.train()
    return result

# %% exercise="predict_proba" verdict="wrong" says="in eval mode inside a training model"
# 'every module of the model is in the mode it was in before': the root's mode is given to all, so a frozen batch norm wakes
def predict_proba(model, x):
    was = model.training
    model.eval()
    with torch.no_grad():
        result = model(x).softmax(dim=-1)
    model.train(was)
    return result

# %% exercise="predict_proba" verdict="wrong" says="dropout is still active"
# 'Dropout must be off, batch norm must use and keep its stored statistics': takes no_grad for eval
def predict_proba(model, x):
    with torch.no_grad():
        return model(x).softmax(dim=-1)

# %% exercise="predict_proba" verdict="wrong" says="also for inputs of three axes"
# 'a softmax over the last axis': dim=1 is the last only for two axes
def predict_proba(model, x):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    with torch.no_grad():
        result = F.softmax(model(x), dim=1)
    for m, mode in modes:
        m.training = mode
    return result

# %% exercise="predict_proba" verdict="wrong" says="only its end was cut off"
# 'no graph may be built': built, and only the result cut off by detach
def predict_proba(model, x):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    result = F.softmax(model(x), dim=-1).detach()
    for m, mode in modes:
        m.training = mode
    return result

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

# %% exercise="keras_start" verdict="wrong" says="LayerNorm was changed"
def keras_start(model):  # every parameter alike, by its shape
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
        else:
            nn.init.zeros_(p)
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

# %% exercise="keras_start" verdict="right"
# bound from the shape by hand, uniform_ in place under no_grad, loop over modules
def keras_start(model):
    with torch.no_grad():
        for m in model.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                area = m.weight.shape[2:].numel()
                fan_out, fan_in = m.weight.shape[0] * area, m.weight.shape[1] * area
                bound = (6 / (fan_in + fan_out)) ** 0.5
                m.weight.uniform_(-bound, bound)
                if m.bias is not None:
                    m.bias.zero_()
    return model

# %% exercise="keras_start" verdict="right"
# model.apply returns the model; bias looked up with getattr
def _start(module):
    if isinstance(module, nn.Linear) or isinstance(module, nn.Conv2d):
        torch.nn.init.xavier_uniform_(module.weight, gain=1.0)
        if getattr(module, "bias", None) is not None:
            torch.nn.init.constant_(module.bias, 0.0)

def keras_start(model):
    return model.apply(_start)

# %% exercise="keras_start" verdict="right"
# recursion over children; new numbers drawn elsewhere and copied into the same Parameters
@torch.no_grad()
def keras_start(model):
    if isinstance(model, (nn.Linear, nn.Conv2d)):
        w = model.weight
        bound = np.sqrt(6 / (w[0].numel() + w[:, 0].numel()))
        w.copy_((2 * torch.rand_like(w) - 1) * float(bound))
        for name, p in model.named_parameters(recurse=False):
            if name == "bias":
                p.fill_(0)
    for child in model.children():
        keras_start(child)
    return model

# %% exercise="keras_start" verdict="wrong" says="the nested Conv2d was not reached"
# 'however deep': only the direct children
def keras_start(model):
    for m in model.children():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(m.weight)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
    return model

# %% exercise="keras_start" verdict="wrong" says="count the window's 25 places"
# 'uniform within sqrt(6 / (fan_in + fan_out))': channels alone are counted, the window's area forgotten
def keras_start(model):
    for m in model.modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            bound = (6 / (m.weight.shape[0] + m.weight.shape[1])) ** 0.5
            nn.init.uniform_(m.weight, -bound, bound)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
    return model

# %% exercise="keras_start" verdict="wrong" says="keras_start stopped with AttributeError"
# 'some layers have no bias': zeros_(None) stops
def keras_start(model):
    def f(m):
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(m.weight)
            nn.init.zeros_(m.bias)
    return model.apply(f)

# %% exercise="keras_start" verdict="wrong" says="the weight is a new Parameter"
# 'the Parameter objects remain the same': new Parameters, of which an optimizer knows nothing
def keras_start(model):
    for m in model.modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            m.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty_like(m.weight)))
            if m.bias is not None:
                m.bias = nn.Parameter(torch.zeros_like(m.bias))
    return model

# %% exercise="keras_start" verdict="wrong" says="batch norm's bias was changed"
# 'Other layers stay as they are': goes by shape and name, so embeddings, Conv1d and batch norm's bias change too
def keras_start(model):
    for name, p in model.named_parameters():
        if p.ndim > 1:
            nn.init.xavier_uniform_(p)
        elif name.endswith("bias"):
            nn.init.zeros_(p)
    return model

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

# %% exercise="fine_tune_mode" verdict="wrong" says="a BatchNorm2d three levels down still counts batches"
def fine_tune_mode(model):  # knows one kind of batch norm only
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.eval().requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="right"
# apply with a function, after train(); apply and train return the model
def fine_tune_mode(model):
    def freeze(m):
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.eval().requires_grad_(False)
    return model.train().apply(freeze)

# %% exercise="fine_tune_mode" verdict="right"
# attributes written directly, parameter by parameter
def fine_tune_mode(model):
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    for m in model.modules():
        m.training = not isinstance(m, norms)
        if isinstance(m, norms):
            for p in (m.weight, m.bias):
                if p is not None:
                    p.requires_grad = False
    return model

# %% exercise="fine_tune_mode" verdict="right"
# own recursion over the children, on the way back up nothing is undone
def fine_tune_mode(model):
    model.train()
    def visit(module):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.train(False)
            [p.requires_grad_(False) for p in module.parameters()]
        for child in module.children():
            visit(child)
    visit(model)
    return model

# %% exercise="fine_tune_mode" verdict="right"
# by name of the type, recursion over children
def fine_tune_mode(model):
    def walk(m):
        m.training = True
        if type(m).__name__ in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"):
            m.training = False
            m.requires_grad_(False)
        for child in m.children():
            walk(child)
    walk(model)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="its statistics still move"
# 'frozen as Keras freezes it' (stored statistics, unchanged): only the weights are frozen
def fine_tune_mode(model):
    model.train()
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="eval() does not stop gradients"
# 'frozen as Keras freezes it' (its weights are not trained): eval alone goes on training gamma and beta
def fine_tune_mode(model):
    model.train()
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.eval()
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="batch norm is in train mode"
# 'each batch norm is frozen': train() comes last and switches the statistics on again
def fine_tune_mode(model):
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.eval()
            m.requires_grad_(False)
    return model.train()

# %% exercise="fine_tune_mode" verdict="wrong" says="dropout is off"
# 'put the model into train mode': a model that comes in eval mode keeps its dropout off
def fine_tune_mode(model):
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.eval()
            m.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="normalises by the batch"
# 'runs on its stored statistics': momentum 0 keeps them, but the batch's own are used
def fine_tune_mode(model):
    model.train()
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.momentum = 0.0
            m.requires_grad_(False)
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="only adds an attribute"
# breaks: 'its weights are not trained'; sets requires_grad as an attribute of the module (Keras habit)
def fine_tune_mode(model):
    model.train()
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            m.eval()
            m.requires_grad = False
    return model

# %% exercise="fine_tune_mode" verdict="wrong" says="freeze all three classes"
# breaks: 'each BatchNorm1d, BatchNorm2d and BatchNorm3d'; BatchNorm2d alone
def fine_tune_mode(model):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
            m.requires_grad_(False)
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

# %% exercise="same_pad" verdict="wrong" says="SAME does not repeat the edge"
def same_pad(x, size, stride):  # repeats the border pixels instead of adding zeros
    pads = []
    for n in (x.shape[3], x.shape[2]):
        total = max(size - (n % stride or stride), 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, mode="replicate")

# %% exercise="same_pad" verdict="wrong" says="windows of 1 need no padding"
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

# %% exercise="same_pad" verdict="right"
# the modulo form of TensorFlow's documentation, nn.ZeroPad2d
def same_pad(x, size, stride):
    def split(n):
        extra = max(size - (n % stride or stride), 0)
        return extra // 2, (extra + 1) // 2
    h, w = x.shape[-2:]
    return nn.ZeroPad2d((*split(w), *split(h)))(x)

# %% exercise="same_pad" verdict="right"
# a larger tensor of zeros, the image written into its middle
import math

def same_pad(x, size, stride):
    n, c, h, w = x.shape
    dh = max((math.ceil(h / stride) - 1) * stride + size - h, 0)
    dw = max((math.ceil(w / stride) - 1) * stride + size - w, 0)
    out = x.new_zeros(n, c, h + dh, w + dw)
    out[:, :, dh // 2 : dh // 2 + h, dw // 2 : dw // 2 + w] = x
    return out

# %% exercise="same_pad" verdict="right"
# one axis at a time by torch.cat with zeros before and behind
def same_pad(x, size, stride):
    for dim in (2, 3):
        n = x.shape[dim]
        extra = max(-(-n // stride) * stride - stride + size - n, 0)
        shape = list(x.shape)
        shape[dim] = extra // 2
        front = x.new_zeros(shape)
        shape[dim] = extra - extra // 2
        x = torch.cat([front, x, x.new_zeros(shape)], dim=dim)
    return x

# %% exercise="same_pad" verdict="right"
# Zeros joined on with torch.cat along each axis
def same_pad(x, size, stride):
    for axis in (2, 3):
        n = x.shape[axis]
        total = max(size - stride if n % stride == 0 else size - n % stride, 0)
        def zeros(k):
            shape = list(x.shape)
            shape[axis] = k
            return torch.zeros(shape, dtype=x.dtype, device=x.device)
        x = torch.cat([zeros(total // 2), x, zeros(total - total // 2)], dim=axis)
    return x

# %% exercise="same_pad" verdict="wrong" says="the odd zero stands in front"
# 'an odd one goes behind': it goes in front
def same_pad(x, size, stride):
    pads = []
    for n in (x.shape[3], x.shape[2]):
        extra = max((-(-n // stride) - 1) * stride + size - n, 0)
        pads += [extra - extra // 2, extra // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="not one at each end"
# 'just the zeros that the last window needs': size - 1 zeros, right for stride 1 only
def same_pad(x, size, stride):
    before = (size - 1) // 2
    behind = size - 1 - before
    return F.pad(x, (before, behind, before, behind))

# %% exercise="same_pad" verdict="wrong" says="height and width are mixed up"
# 'sees what TensorFlow's SAME sees': F.pad wants the last axis first, height and width are mixed up
def same_pad(x, size, stride):
    pads = []
    for n in x.shape[2:]:
        extra = max((-(-n // stride) - 1) * stride + size - n, 0)
        pads += [extra // 2, extra - extra // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="a negative amount crops"
# 'padded with zeros': where the stride exceeds the window the number is negative and F.pad cuts pixels off in front
def same_pad(x, size, stride):
    pads = []
    for n in (x.shape[3], x.shape[2]):
        extra = (-(-n // stride) - 1) * stride + size - n
        pads += [extra // 2, extra - extra // 2]
    return F.pad(x, pads)

# %% exercise="same_pad" verdict="wrong" says="an amount of their own"
# 'ceil(n / stride) outputs for n pixels': the height's padding serves for the width as well
def same_pad(x, size, stride):
    n = x.shape[2]
    extra = max((-(-n // stride) - 1) * stride + size - n, 0)
    a, b = extra // 2, extra - extra // 2
    return F.pad(x, (a, b, a, b))

# %% exercise="same_pad" verdict="wrong" says="minus infinity is for max pooling"
# breaks: 'padded with zeros'; minus infinity, as for max pooling
def same_pad(x, size, stride):
    sides = []
    for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // stride) - 1) * stride + size - n, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides, value=-torch.inf)

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

# %% exercise="port_after_flatten" verdict="wrong" says="this is (in, out) still"
def port_after_flatten(kernel, shape):  # nn-linear-layout: rows in order, not transposed
    return kernel.reshape(*shape, -1).permute(2, 0, 1, 3).flatten(0, 2)

# %% exercise="port_after_flatten" verdict="wrong" says="return the weight as a tensor"
def port_after_flatten(kernel, shape):  # stays in NumPy, where get_weights() left it
    array = kernel.detach().cpu().numpy().reshape(*shape, -1)
    return array.transpose(3, 2, 0, 1).reshape(array.shape[-1], -1)

# %% exercise="port_after_flatten" verdict="wrong" says="expected (out, in) = (5, 24)"
def port_after_flatten(kernel, shape):  # the four axes of a convolution, never flattened
    return kernel.reshape(*shape, -1).permute(3, 2, 0, 1)

# %% exercise="port_after_flatten" verdict="right"
# rows picked by an index that is itself permuted
def port_after_flatten(kernel, shape):
    h, w, c = shape
    order = torch.arange(h * w * c, device=kernel.device).view(h, w, c).permute(2, 0, 1).flatten()
    return kernel[order].T

# %% exercise="port_after_flatten" verdict="right"
# transpose first, then an image per output, channels first
def port_after_flatten(kernel, shape):
    out = kernel.shape[1]
    return kernel.t().reshape(out, *shape).permute(0, 3, 1, 2).flatten(1)

# %% exercise="port_after_flatten" verdict="right"
# einsum names the axes; unflatten and reshape
def port_after_flatten(kernel, shape):
    h, w, c = shape
    images = torch.unflatten(kernel, 0, (h, w, c))
    return torch.einsum("hwco->ochw", images).reshape(kernel.shape[1], c * h * w)

# %% exercise="port_after_flatten" verdict="wrong" says="transposed and no more"
# 'behind nn.Flatten gives Keras's outputs': transposed only, the flatten order left out
def port_after_flatten(kernel, shape):
    return kernel.T.contiguous()

# %% exercise="port_after_flatten" verdict="wrong" says="its rows still run through (H, W, C)"
# 'the numbers as (C, H, W)': reshape taken for a permutation
def port_after_flatten(kernel, shape):
    h, w, c = shape
    return kernel.reshape(c, h, w, -1).permute(3, 0, 1, 2).reshape(-1, c * h * w)

# %% exercise="port_after_flatten" verdict="wrong" says="height and width changed places"
# 'as (C, H, W)': height and width change places, unnoticed while one of them is 1
def port_after_flatten(kernel, shape):
    h, w, c = shape
    return kernel.reshape(h, w, c, -1).permute(3, 2, 1, 0).reshape(-1, c * h * w)

# %% exercise="port_after_flatten" verdict="wrong" says="a transposition keeps them whole"
# 'gives Keras's outputs': rows brought into the right order, then (C*H*W, out) reshaped to (out, C*H*W) instead of transposed; right for one output only
def port_after_flatten(kernel, shape):
    h, w, c = shape
    ordered = kernel.reshape(h, w, c, -1).permute(2, 0, 1, 3)
    return ordered.reshape(kernel.shape[1], c * h * w)

# %% exercise="port_after_flatten" verdict="wrong" says="the other way round"
# 'gives Keras's outputs': the inverse permutation, the same as the right one in the example
def port_after_flatten(kernel, shape):
    h, w, c = shape
    order = torch.arange(h * w * c, device=kernel.device).view(c, h, w).permute(1, 2, 0).flatten()
    return kernel[order].T
