# %% exercise="LeakyReLU" verdict="right"
class LeakyReLU(torch.autograd.Function):          # arithmetic with the mask
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        positive = (x > 0).to(x.dtype)
        return grad_output * (positive + ctx.slope * (1 - positive)), None

# %% exercise="LeakyReLU" verdict="right"
class LeakyReLU(torch.autograd.Function):          # saves the local derivative itself
    @staticmethod
    def forward(ctx, x, slope):
        factor = torch.full_like(x, slope).masked_fill(x > 0, 1.0)
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, grad_output):
        (factor,) = ctx.saved_tensors
        return factor * grad_output, None

# %% exercise="LeakyReLU" verdict="right"
class LeakyReLU(torch.autograd.Function):          # the built-in forward; backward takes away what leaks out
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.nn.functional.leaky_relu(x, slope)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output - (1 - ctx.slope) * grad_output * (x <= 0), None

# %% exercise="LeakyReLU" verdict="wrong" says="grad_output is ignored"
class LeakyReLU(torch.autograd.Function):          # custom-fn-upstream: returns the local derivative alone
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, 1.0, ctx.slope), None

# %% exercise="LeakyReLU" verdict="wrong" says="backward owes two values"
class LeakyReLU(torch.autograd.Function):          # custom-fn-return-count: a plain number seems to need no place
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, ctx.slope * grad_output)

# %% exercise="LeakyReLU" verdict="wrong" says="its gradient is None"
class LeakyReLU(torch.autograd.Function):          # custom-fn-return-count: computes a gradient for the number as well
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, ctx.slope * grad_output), (grad_output * x.clamp(max=0)).sum()

# %% exercise="LeakyReLU" verdict="wrong" says="the mask x < 0 lets it pass"
class LeakyReLU(torch.autograd.Function):          # custom-relu-at-zero: the mask of the classic tutorials
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x < 0, ctx.slope * grad_output, grad_output), None

# %% exercise="LeakyReLU" verdict="wrong" says="no tensor was put away"
class LeakyReLU(torch.autograd.Function):          # custom-fn-ctx: everything as an attribute, as a closure would hold it
    @staticmethod
    def forward(ctx, x, slope):
        ctx.x, ctx.slope = x, slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.where(ctx.x > 0, grad_output, ctx.slope * grad_output), None

# %% exercise="LeakyReLU" verdict="wrong" says="without the leak"
class LeakyReLU(torch.autograd.Function):          # copies the backward of the plain ReLU
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output.masked_fill(x <= 0, 0), None

# %% exercise="LeakyReLU" verdict="wrong" says="this is the style of the past"
class LeakyReLU(torch.autograd.Function):          # custom-fn-nonstatic: half a modernisation
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, ctx.slope * grad_output), None

# %% exercise="LeakyReLU" verdict="wrong" says="there is no backward yet"
class LeakyReLU(torch.autograd.Function):          # expects autograd to derive the way back from forward
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

# %% exercise="BinarySign" verdict="right"
class BinarySign(torch.autograd.Function):          # where on both ways
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return torch.where(w.abs() <= 1, grad_output, torch.zeros_like(grad_output))

# %% exercise="BinarySign" verdict="right"
class BinarySign(torch.autograd.Function):          # saves the mask, clears a copy
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward((w < -1) | (w > 1))
        return torch.ones_like(w).masked_fill(w < 0, -1)

    @staticmethod
    def backward(ctx, grad_output):
        (beyond,) = ctx.saved_tensors
        return grad_output.masked_fill(beyond, 0)

# %% exercise="BinarySign" verdict="right"
class BinarySign(torch.autograd.Function):          # sign, repaired at 0
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        y = w.sign()
        y[y == 0] = 1
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        g = grad_output.clone()
        g[w.abs() > 1] = 0
        return g

# %% exercise="BinarySign" verdict="wrong" says="which no single bit can hold"
class BinarySign(torch.autograd.Function):          # sign has three values
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return w.sign()

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output * (w.abs() <= 1)

# %% exercise="BinarySign" verdict="wrong" says="passes beyond -1 and 1 too"
class BinarySign(torch.autograd.Function):          # xnor-ste: straight through everywhere
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output

# %% exercise="BinarySign" verdict="wrong" says="both are included"
class BinarySign(torch.autograd.Function):          # leaves out the ends
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output * (w.abs() < 1)

# %% exercise="BinarySign" verdict="wrong" says="0 everywhere, as the sign's own"
class BinarySign(torch.autograd.Function):          # xnor-ste: the honest derivative
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.zeros_like(grad_output)

# %% exercise="BinarySign" verdict="wrong" says="grad_output is ignored"
class BinarySign(torch.autograd.Function):          # custom-fn-upstream: the mask is not yet a gradient
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return (w.abs() <= 1).to(w.dtype)

# %% exercise="BinarySign" verdict="wrong" says="the gradient was limited"
class BinarySign(torch.autograd.Function):          # takes straight through for gradient clipping
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w < 0, -1.0, 1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output.clamp(-1, 1) * (w.abs() <= 1)

# %% exercise="BinarySign" verdict="wrong" says="0 and 1 are not -1 and 1"
class BinarySign(torch.autograd.Function):          # a comparison is one bit, but not these two values
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return (w >= 0).to(w.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output * (w.abs() <= 1)

# %% exercise="BinarySign" verdict="wrong" says="the dtype stays torch.float32"
class BinarySign(torch.autograd.Function):          # integers for one bit
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return (w >= 0).long() * 2 - 1

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output * (w.abs() <= 1)

# %% exercise="LogSumExp" verdict="right"
class LogSumExp(torch.autograd.Function):          # saves input and result, shares from their difference
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1).log() + top[..., 0]
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output[..., None] * (x - y[..., None]).exp()

# %% exercise="LogSumExp" verdict="right"
class LogSumExp(torch.autograd.Function):          # pairs of entries by logaddexp, one after the other
    @staticmethod
    def forward(ctx, x):
        y = x[..., 0]
        for column in x.unbind(-1)[1:]:
            y = torch.logaddexp(y, column)
        ctx.save_for_backward(x)
        return y.clone()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output.unsqueeze(-1) * torch.softmax(x, dim=-1)

# %% exercise="LogSumExp" verdict="right"
class LogSumExp(torch.autograd.Function):          # sorts each row; the largest is the last
    @staticmethod
    def forward(ctx, x):
        order = x.sort(dim=-1).values
        rest = (order - order[..., -1:]).exp().sum(dim=-1)
        ctx.save_for_backward(x, order[..., -1:], rest)
        return rest.log() + order[..., -1]

    @staticmethod
    def backward(ctx, grad_output):
        x, top, rest = ctx.saved_tensors
        return (x - top).exp() / rest[..., None] * grad_output[..., None]

# %% exercise="LogSumExp" verdict="wrong" says="exp(10000) is infinite"
class LogSumExp(torch.autograd.Function):          # as one reads the formula
    @staticmethod
    def forward(ctx, x):
        y = x.exp().sum(-1).log()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output[..., None] * (x - y[..., None]).exp()

# %% exercise="LogSumExp" verdict="wrong" says="each row's own largest entry"
class LogSumExp(torch.autograd.Function):          # one maximum for the whole tensor
    @staticmethod
    def forward(ctx, x):
        y = (x - x.max()).exp().sum(-1).log() + x.max()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output[..., None] * (x - y[..., None]).exp()

# %% exercise="LogSumExp" verdict="wrong" says="is the row's largest entry added again"
class LogSumExp(torch.autograd.Function):          # takes the largest entry out and leaves it out
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1).log()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output[..., None] * (x - y[..., None]).exp()

# %% exercise="LogSumExp" verdict="wrong" says="summed over the first dimension"
class LogSumExp(torch.autograd.Function):          # the axis of a batch in mind
    @staticmethod
    def forward(ctx, x):
        top = x.amax(0)
        y = (x - top).exp().sum(0).log() + top
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * (x - y).exp()

# %% exercise="LogSumExp" verdict="wrong" says="the last dimension disappears"
class LogSumExp(torch.autograd.Function):          # keepdims for the broadcast, and for ever
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1, keepdim=True).log() + top
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * (x - y).exp()

# %% exercise="LogSumExp" verdict="wrong" says="grad_output is ignored"
class LogSumExp(torch.autograd.Function):          # custom-fn-upstream: softmax alone
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1).log() + top[..., 0]
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return (x - y[..., None]).exp()

# %% exercise="LogSumExp" verdict="wrong" says="backward overflows at 10000"
class LogSumExp(torch.autograd.Function):          # stable forward, naive backward
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1).log() + top[..., 0]
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        e = x.exp()
        return grad_output[..., None] * e / e.sum(-1, keepdim=True)

# %% exercise="LogSumExp" verdict="wrong" says="put away by save_for_backward"
class LogSumExp(torch.autograd.Function):          # custom-fn-ctx: attributes of the context
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        y = (x - top).exp().sum(-1).log() + top[..., 0]
        ctx.x, ctx.y = x, y
        return y

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output[..., None] * (ctx.x - ctx.y[..., None]).exp()

# %% exercise="Affine" verdict="right"
class Affine(torch.autograd.Function):          # a list filled where wanted
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = grad_output.mT @ x
        if wanted[2]:
            grads[2] = grad_output.sum(0)
        return tuple(grads)

# %% exercise="Affine" verdict="right"
class Affine(torch.autograd.Function):          # einsum, by the names of the dimensions
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.einsum('nd,od->no', x, weight) + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        rules = (('no,od->nd', (grad_output, weight)), ('no,nd->od', (grad_output, x)), ('no->o', (grad_output,)))
        return tuple(torch.einsum(rule, *parts) if wanted else None for wanted, (rule, parts) in zip(ctx.needs_input_grad, rules))

# %% exercise="Affine" verdict="right"
class Affine(torch.autograd.Function):          # a vector of ones sums the rows
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        ones = grad_output.new_ones(len(grad_output))
        make = (lambda: torch.mm(grad_output, weight), lambda: torch.mm(x.t(), grad_output).t(), lambda: ones @ grad_output)
        return tuple(f() if w else None for f, w in zip(make, ctx.needs_input_grad))

# %% exercise="Affine" verdict="wrong" says="still has the rows' dimension"
class Affine(torch.autograd.Function):          # forgets that the bias was spread
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = grad_output.mT @ x
        if wanted[2]:
            grads[2] = grad_output
        return tuple(grads)

# %% exercise="Affine" verdict="wrong" says="sum over the rows"
class Affine(torch.autograd.Function):          # sums the other dimension
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = grad_output.mT @ x
        if wanted[2]:
            grads[2] = grad_output.sum(1)
        return tuple(grads)

# %% exercise="Affine" verdict="wrong" says="as for a Keras kernel"
class Affine(torch.autograd.Function):          # the layout of a Keras kernel
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = x.mT @ grad_output
        if wanted[2]:
            grads[2] = grad_output.sum(0)
        return tuple(grads)

# %% exercise="Affine" verdict="wrong" says="each other's gradient"
class Affine(torch.autograd.Function):          # weights first, as in an optimizer's list
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output.mT @ x, grad_output @ weight, grad_output.sum(0)

# %% exercise="Affine" verdict="wrong" says="others were computed: ask ctx.needs_input_grad"
class Affine(torch.autograd.Function):          # all three, always
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.mT @ x, grad_output.sum(0)

# %% exercise="Affine" verdict="wrong" says="the bias gradient is a mean"
class Affine(torch.autograd.Function):          # an average over the batch
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = grad_output.mT @ x
        if wanted[2]:
            grads[2] = grad_output.mean(0)
        return tuple(grads)

# %% exercise="Affine" verdict="wrong" says="backward owes three values"
class Affine(torch.autograd.Function):          # custom-fn-return-count: a dictionary of gradients, or only the weights'
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output.mT @ x, grad_output.sum(0)

# %% exercise="Affine" verdict="wrong" says="wrong gradient of weight"
class Affine(torch.autograd.Function):          # custom-fn-upstream: lets the error through to x, but not to the weights
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        grads = [None, None, None]
        if wanted[0]:
            grads[0] = grad_output @ weight
        if wanted[1]:
            grads[1] = torch.ones_like(grad_output).mT @ x
        if wanted[2]:
            grads[2] = grad_output.sum(0)
        return tuple(grads)

# %% exercise="gradient_is_right" verdict="right"
def gradient_is_right(f, x):          # PyTorch's own, asked for a verdict instead of an exception
    x = x.detach().to(torch.float64).requires_grad_()
    return torch.autograd.gradcheck(f, (x,), raise_exception=False, atol=1e-7)

# %% exercise="gradient_is_right" verdict="right"
def gradient_is_right(f, x):          # entry by entry
    x = x.detach().clone(memory_format=torch.contiguous_format).double()
    marked = x.clone().requires_grad_()
    y = f(marked)
    up = torch.rand(y.shape, dtype=y.dtype, device=y.device)
    y.backward(up)
    flat, h = x.view(-1), 1e-5
    for i in range(flat.numel()):
        old = flat[i].item()
        flat[i] = old + h
        above = (f(x) * up).sum().item()
        flat[i] = old - h
        below = (f(x) * up).sum().item()
        flat[i] = old
        if abs((above - below) / (2 * h) - marked.grad.view(-1)[i].item()) > 1e-6:
            return False
    return True

# %% exercise="gradient_is_right" verdict="right"
def gradient_is_right(f, x):          # whole Jacobians, one row per output
    x = x.detach().double().contiguous()
    exact = torch.autograd.functional.jacobian(f, x).reshape(-1, x.numel())
    steps = 1e-6 * torch.eye(x.numel(), dtype=x.dtype, device=x.device).reshape(-1, *x.shape)
    columns = [(f(x + step) - f(x - step)).reshape(-1) / 2e-6 for step in steps]
    return torch.allclose(exact, torch.stack(columns, 1), rtol=0, atol=1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="ignores what comes from above was accepted"
def gradient_is_right(f, x):          # custom-fn-upstream: a plain sum sends ones
    x = x.detach().double().requires_grad_()
    (gradient,) = torch.autograd.grad(f(x).sum(), x)
    v = torch.randn_like(x)
    change = (f(x + 1e-6 * v) - f(x - 1e-6 * v)).sum() / 2e-6
    return bool(((gradient * v).sum() - change).abs() < 1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="refused in float32"
def gradient_is_right(f, x):          # gradcheck: differences in whatever x comes in
    x = x.detach().clone().requires_grad_()
    y = f(x)
    weights, v = torch.randn_like(y), torch.randn_like(x)
    (gradient,) = torch.autograd.grad(y, x, weights)
    change = ((f(x + 1e-6 * v) - f(x - 1e-6 * v)) * weights).sum() / 2e-6
    return bool(((gradient * v).sum() - change).abs() < 1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="the tolerance is too loose"
def gradient_is_right(f, x):          # gradcheck: a tolerance that would suit float32
    x = x.detach().double().contiguous()
    exact = torch.autograd.functional.jacobian(f, x).reshape(-1, x.numel())
    steps = 1e-6 * torch.eye(x.numel(), dtype=x.dtype, device=x.device).reshape(-1, *x.shape)
    columns = [(f(x + step) - f(x - step)).reshape(-1) / 2e-6 for step in steps]
    return torch.allclose(exact, torch.stack(columns, 1), rtol=0.2)

# %% exercise="gradient_is_right" verdict="wrong" says="return a bool, got Tensor"
def gradient_is_right(f, x):          # the comparison of tensors is a tensor
    x = x.detach().double().requires_grad_()
    y = f(x)
    weights, v = torch.randn_like(y), torch.randn_like(x)
    (gradient,) = torch.autograd.grad(y, x, weights)
    change = ((f(x + 1e-6 * v) - f(x - 1e-6 * v)) * weights).sum() / 2e-6
    return (gradient * v).sum().isclose(change, atol=1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="marked or given a .grad"
def gradient_is_right(f, x):          # works on the caller's tensor where that is float64 already
    x = x.double().requires_grad_()
    return torch.autograd.gradcheck(f, (x,), raise_exception=False)

# %% exercise="gradient_is_right" verdict="wrong" says="a right backward pass was refused: are"
def gradient_is_right(f, x):          # one-sided differences, and a tolerance that they cannot meet
    x = x.detach().double().requires_grad_()
    y = f(x)
    weights, v = torch.ones_like(y) + torch.rand_like(y), torch.ones_like(x)
    (gradient,) = torch.autograd.grad(y, x, weights)
    change = ((f(x + 1e-3 * v) - y) * weights).sum() / 1e-3
    return bool(((gradient * v).sum() - change).abs() < 1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="wrong in its last entry was accepted"
def gradient_is_right(f, x):          # looks at the first entry only
    x = x.detach().double().requires_grad_()
    y = f(x)
    weights, v = torch.randn_like(y), torch.zeros_like(x)
    v.view(-1)[0] = 1
    (gradient,) = torch.autograd.grad(y, x, weights)
    change = ((f(x + 1e-6 * v) - f(x - 1e-6 * v)) * weights).sum() / 2e-6
    return bool(((gradient * v).sum() - change).abs() < 1e-6)

# %% exercise="gradient_is_right" verdict="wrong" says="twice the gradient was accepted"
def gradient_is_right(f, x):          # compares autograd with itself
    x = x.detach().double().requires_grad_()
    y = f(x)
    up = torch.randn_like(y)
    (one,) = torch.autograd.grad(y, x, up, retain_graph=True)
    (other,) = torch.autograd.grad((y * up).sum(), x)
    return torch.allclose(one, other)

# %% exercise="Swish" verdict="right"
class Swish(torch.autograd.Function):          # the slope as one product
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * s * (1 + x * (1 - s))

    generate_vmap_rule = True

# %% exercise="Swish" verdict="right"
class Swish(torch.autograd.Function):          # keeps the result too: slope = y + s (1 - y)
    @staticmethod
    def forward(x):
        return x / (1 + (-x).exp())

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x, output)

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        s = 1 / (1 + (-x).exp())
        return (y + s * (1 - y)) * grad_output

    generate_vmap_rule = True

# %% exercise="Swish" verdict="right"
class Swish(torch.autograd.Function):          # a rule for vmap of its own: element by element, so nothing changes
    @staticmethod
    def forward(x):
        return torch.nn.functional.silu(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * s * (1 + x * (1 - s))

    @staticmethod
    def vmap(info, in_dims, x):
        return Swish.apply(x), in_dims[0]

# %% exercise="Swish" verdict="wrong" says="there is no setup_context yet"
class Swish(torch.autograd.Function):          # saves nothing, recomputes nothing
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="grad_output is ignored"
class Swish(torch.autograd.Function):          # custom-fn-upstream: the slope alone
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return s * (1 + x * (1 - s))

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="that is sigmoid(x) alone"
class Swish(torch.autograd.Function):          # treats the sigmoid as a constant gate
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * torch.sigmoid(x)

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="vmap has no rule"
class Swish(torch.autograd.Function):          # setup-context: thinks that setup_context is enough
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * s * (1 + x * (1 - s))

# %% exercise="Swish" verdict="wrong" says="attributes of ctx go wrong"
class Swish(torch.autograd.Function):          # custom-fn-ctx: an attribute
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.x = inputs[0]

    @staticmethod
    def backward(ctx, grad_output):
        s = torch.sigmoid(ctx.x)
        return grad_output * s * (1 + ctx.x * (1 - s))

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="the product rule has two terms"
class Swish(torch.autograd.Function):          # the slope of the sigmoid alone
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * s * (1 - s)

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="no second derivative"
class Swish(torch.autograd.Function):          # plain values in backward
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        with torch.no_grad():
            s = torch.sigmoid(x)
            return grad_output * s * (1 + x * (1 - s))

    generate_vmap_rule = True

# %% exercise="gradient_is_right" verdict="equivalent" because="a difference of exactly 1e-6 between two rounded sums does not occur"
return ((gradient * direction).sum() - change).abs().item() <= 1e-06
