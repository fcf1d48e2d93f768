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

# %% exercise="LeakyReLU" verdict="right"
# Keeps only a mask of its own as an attribute; the statement does not ask for save_for_backward and overwriting x cannot change the mask
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.positive, ctx.slope = x > 0, slope
        return torch.where(ctx.positive, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.where(ctx.positive, grad_output, ctx.slope * grad_output), None

# %% exercise="LeakyReLU" verdict="right"
# One factor per entry in x's dtype, saved and used in both directions
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        factor = torch.ones_like(x).masked_fill_(x <= 0, slope)
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, grad_output):
        (factor,) = ctx.saved_tensors
        return grad_output * factor, None

# %% exercise="LeakyReLU" verdict="right"
# In place on clones, never on the caller's tensors
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        out = x.clone()
        out[x <= 0] *= slope
        return out

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad = grad_output.clone()
        grad[x <= 0] *= ctx.slope
        return grad, None

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

# %% exercise="LeakyReLU" verdict="wrong" says="followed it in silence"
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

# %% exercise="LeakyReLU" verdict="wrong" says="backward lacks @staticmethod"
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

# %% exercise="LeakyReLU" verdict="wrong" says="the mask x < 0 lets it pass"
# At exactly 0 the gradient is slope; the mask of the lesson's MyReLU, x < 0, gives 1 there
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x < 0, slope * x, x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x < 0, ctx.slope * grad_output, grad_output), None

# %% exercise="LeakyReLU" verdict="wrong" says="grad_output was overwritten"
# The gradient of its sum [0.1, 1.]; multiplies grad_output in place, which fails on the one number a sum spreads and spoils other branches
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad_output[x <= 0] *= ctx.slope
        return grad_output, None

# %% exercise="LeakyReLU" verdict="wrong" says="after a second call with another slope"
# Multiplies all others by slope; the slope lies in the class, so a second call with another slope changes the first call's gradient
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        LeakyReLU.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad_output, LeakyReLU.slope * grad_output), None

# %% exercise="LeakyReLU" verdict="wrong" says="the slope was rounded to float32"
# Multiplies all others by slope; where of two Python numbers is float32, so a float64 x meets 0.1 rounded to seven digits
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        factor = torch.where(x > 0, 1.0, slope)
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, grad_output):
        (factor,) = ctx.saved_tensors
        return grad_output * factor, None

# %% exercise="LeakyReLU" verdict="wrong" says="grad_output is ignored"
# Gives the gradient of x only for a plain sum; grad_output, what comes from above, is ignored
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, torch.ones_like(x), ctx.slope * torch.ones_like(x)), None

# %% exercise="LeakyReLU" verdict="wrong" says="forward overwrote its argument"
# breaks: 'keeps positive numbers and multiplies all others'; maximum(x, slope*x), which holds only for slope below 1 ('small' aside), and the argument x is overwritten by mul_
class LeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        positive = x > 0
        ctx.save_for_backward(positive)
        ctx.slope = slope
        x[~positive] *= slope
        return x.clone()

    @staticmethod
    def backward(ctx, grad_output):
        (positive,) = ctx.saved_tensors
        return torch.where(positive, grad_output, ctx.slope * grad_output), None

# %% exercise="Spike" verdict="right"
class Spike(torch.autograd.Function):          # where and a product
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return torch.where(v < threshold, torch.zeros_like(v), torch.ones_like(v))

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        root = 1 / (1 + torch.abs(v - ctx.threshold))
        return grad_output * root * root, None

# %% exercise="Spike" verdict="right"
class Spike(torch.autograd.Function):          # saves the slope itself
    @staticmethod
    def forward(ctx, v, threshold):
        apart = v - threshold
        ctx.save_for_backward((apart.abs() + 1).pow(-2))
        return torch.ones_like(v).masked_fill(v < threshold, 0)

    @staticmethod
    def backward(ctx, grad_output):
        (slope,) = ctx.saved_tensors
        return slope * grad_output, None

# %% exercise="Spike" verdict="right"
class Spike(torch.autograd.Function):          # an attribute of its own, which nobody can overwrite
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.apart = (v.detach().clone() - threshold).abs_()
        spikes = torch.zeros_like(v)
        spikes[v >= threshold] = 1
        return spikes

    @staticmethod
    def backward(ctx, grad_output):
        return torch.div(grad_output, (ctx.apart + 1).square()), None

# %% exercise="Spike" verdict="wrong" says="as the step's own: nothing would learn"
class Spike(torch.autograd.Function):          # xnor-ste: the honest derivative
    @staticmethod
    def forward(ctx, v, threshold):
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.zeros_like(grad_output), None

# %% exercise="Spike" verdict="wrong" says="passes straight through"
class Spike(torch.autograd.Function):          # xnor-ste: the lesson's way out, without its limits
    @staticmethod
    def forward(ctx, v, threshold):
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None

# %% exercise="Spike" verdict="wrong" says="grad_output is ignored"
class Spike(torch.autograd.Function):          # custom-fn-upstream: the surrogate's slope alone
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return 1 / (1 + (v - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="there it is reached, v >= threshold"
class Spike(torch.autograd.Function):          # strictly above
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v > threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="the result has dtype torch.float32"
class Spike(torch.autograd.Function):          # a spike is a yes or no
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return v >= threshold

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="for a float64 v has dtype torch.float64"
class Spike(torch.autograd.Function):          # float() is float32, not the dtype of v
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).float()

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="was rounded to float32"
class Spike(torch.autograd.Function):          # a threshold as a tensor of its own
    @staticmethod
    def forward(ctx, v, threshold):
        at = torch.tensor([threshold], device=v.device)
        ctx.save_for_backward(v, at)
        return (v >= at).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        v, at = ctx.saved_tensors
        return grad_output / (1 + (v - at).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="steepest at v = 0"
class Spike(torch.autograd.Function):          # forgets where the step is
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + v.abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="taken at the spikes"
class Spike(torch.autograd.Function):          # saves the output, as exp does
    @staticmethod
    def forward(ctx, v, threshold):
        spikes = (v >= threshold).to(v.dtype)
        ctx.save_for_backward(spikes)
        ctx.threshold = threshold
        return spikes

    @staticmethod
    def backward(ctx, grad_output):
        (spikes,) = ctx.saved_tensors
        return grad_output / (1 + (spikes - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="the slope falls too slowly"
class Spike(torch.autograd.Function):          # without the square
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold).abs()), None

# %% exercise="Spike" verdict="wrong" says="backward owes two values"
class Spike(torch.autograd.Function):          # custom-fn-return-count: the threshold gets no place
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold).abs()) ** 2

# %% exercise="Spike" verdict="wrong" says="followed it in silence"
class Spike(torch.autograd.Function):          # custom-fn-ctx: an alias of v as an attribute
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.v, ctx.threshold = v, threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / (1 + (ctx.v - ctx.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="keep the threshold in ctx"
class Spike(torch.autograd.Function):          # the threshold in the class: the last call's for all
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v.clone())
        Spike.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - Spike.threshold).abs()) ** 2, None

# %% exercise="Spike" verdict="wrong" says="passes unchanged through a window"
# breaks: 'The slope for the way back is 1 / (1 + |v - threshold|)²'; straight through as BinarySign
class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output * ((v - ctx.threshold).abs() <= 1), None

# %% exercise="Spike" verdict="wrong" says="the distance alone is squared"
# breaks: slope '1 / (1 + |v - threshold|)²'; square inside: 1 / (1 + (v - threshold)²)
class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, threshold):
        ctx.save_for_backward(v)
        ctx.threshold = threshold
        return (v >= threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (v,) = ctx.saved_tensors
        return grad_output / (1 + (v - ctx.threshold) ** 2), None

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

# %% exercise="LogSumExp" verdict="right"
# Saves x alone and computes the shares again from x minus its largest
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        top = x.amax(-1)
        return top + (x - top[..., None]).exp().sum(-1).log()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        e = (x - x.amax(-1, keepdim=True)).exp()
        return e * (grad_output / e.sum(-1))[..., None]

# %% exercise="LogSumExp" verdict="right"
# Stays in logarithms: saves the shares as exp of shifted minus log of their sum
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        top = x.max(dim=-1, keepdim=True).values
        shifted = x - top
        rest = shifted.exp().sum(dim=-1, keepdim=True).log()
        ctx.save_for_backward(shifted, rest)
        return (rest + top).squeeze(-1)

    @staticmethod
    def backward(ctx, grad_output):
        shifted, rest = ctx.saved_tensors
        return torch.exp(shifted - rest) * grad_output.unsqueeze(-1)

# %% exercise="LogSumExp" verdict="right"
# Loops over the last dimension with a running maximum and a running sum, in the manner of online softmax
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        columns = x.unbind(-1)
        top, total = columns[0], torch.ones_like(columns[0])
        for column in columns[1:]:
            higher = torch.maximum(top, column)
            total = total * (top - higher).exp() + (column - higher).exp()
            top = higher
        ctx.save_for_backward(x, top, total)
        return top + total.log()

    @staticmethod
    def backward(ctx, grad_output):
        x, top, total = ctx.saved_tensors
        return torch.stack([grad_output * (column - top).exp() / total for column in x.unbind(-1)], -1)

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

# %% exercise="LogSumExp" verdict="wrong" says="each row's own largest entry"
# Values must be right for entries from -10000 to 10000; one maximum for the whole tensor, so a row far below underflows to log(0)
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        top = x.max()
        e = (x - top).exp()
        s = e.sum(-1)
        ctx.save_for_backward(e, s)
        return top + s.log()

    @staticmethod
    def backward(ctx, grad_output):
        e, s = ctx.saved_tensors
        return (grad_output / s).unsqueeze(-1) * e

# %% exercise="LogSumExp" verdict="wrong" says="without the last dimension and no other"
# Over the last dimension; dim=1 is the last one of a matrix only
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        top = x.amax(dim=1, keepdim=True)
        e = (x - top).exp()
        s = e.sum(dim=1, keepdim=True)
        ctx.save_for_backward(e / s)
        return (top + s.log()).squeeze(1)

    @staticmethod
    def backward(ctx, grad_output):
        (share,) = ctx.saved_tensors
        return grad_output.unsqueeze(1) * share

# %% exercise="LogSumExp" verdict="wrong" says="for x of shape (1, 4)"
# Of shape x.shape[:-1]; squeeze without a dimension takes a batch of one row with it
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1, keepdim=True)
        e = (x - top).exp()
        s = e.sum(-1, keepdim=True)
        ctx.save_for_backward(e / s)
        return (top + s.log()).squeeze()

    @staticmethod
    def backward(ctx, grad_output):
        (share,) = ctx.saved_tensors
        return grad_output.unsqueeze(-1) * share

# %% exercise="LogSumExp" verdict="wrong" says="backward overflows at 10000"
# Values and gradients must be right; the forward is stable, the backward writes softmax without the shift: inf / inf
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        top = x.amax(-1, keepdim=True)
        return ((x - top).exp().sum(-1, keepdim=True).log() + top).squeeze(-1)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        e = x.exp()
        return grad_output.unsqueeze(-1) * e / e.sum(-1, keepdim=True)

# %% exercise="LogSumExp" verdict="wrong" says="put away by save_for_backward"
# Use save_for_backward for what backward needs; keeps x as an attribute, so overwriting x before the way back changes the gradient without a word
class LogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        top = x.amax(-1)
        return top + (x - top.unsqueeze(-1)).exp().sum(-1).log()

    @staticmethod
    def backward(ctx, grad_output):
        e = (ctx.x - ctx.x.amax(-1, keepdim=True)).exp()
        return grad_output.unsqueeze(-1) * e / e.sum(-1, keepdim=True)

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

# %% exercise="Affine" verdict="right"
# Addmm forward, einsum backward, a list filled where somebody asks
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grads = [None, None, None]
        if ctx.needs_input_grad[0]:
            grads[0] = torch.einsum("no,od->nd", grad_output, weight)
        if ctx.needs_input_grad[1]:
            grads[1] = torch.einsum("no,nd->od", grad_output, x)
        if ctx.needs_input_grad[2]:
            grads[2] = torch.einsum("no->o", grad_output)
        return tuple(grads)

# %% exercise="Affine" verdict="right"
# Recipes by argument, each called only where its flag is set
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.nn.functional.linear(x, weight, bias)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        recipes = (lambda: grad_output.mm(weight), lambda: grad_output.t().mm(x), lambda: grad_output.sum(dim=0))
        return tuple(recipe() if wanted else None for recipe, wanted in zip(recipes, ctx.needs_input_grad))

# %% exercise="Affine" verdict="right"
# Broadcast products and sums instead of matrix products; saves only what the flags will need
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        need_x, need_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(x if need_weight else None, weight if need_x else None)
        return (x[:, None, :] * weight).sum(-1) + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad_output[:, :, None] * weight).sum(1)
        if ctx.needs_input_grad[1]:
            grad_weight = (grad_output[:, :, None] * x[:, None, :]).sum(0)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_x, grad_weight, grad_bias

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

# %% exercise="Affine" verdict="wrong" says="save x and weight, and stay"
# Second derivatives must be right as well; saves detached copies, so the first gradients no longer depend on x and weight
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x.detach().clone(), weight.detach().clone())
        return x @ weight.mT + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        a, b, c = ctx.needs_input_grad
        return grad_output @ weight if a else None, grad_output.mT @ x if b else None, grad_output.sum(0) if c else None

# %% exercise="Affine" verdict="wrong" says="backward is marked once_differentiable"
# Second derivatives must be right as well; once_differentiable, seen in many repositories, refuses them
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.mT + bias

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        a, b, c = ctx.needs_input_grad
        return grad_output @ weight if a else None, grad_output.mT @ x if b else None, grad_output.sum(0) if c else None

# %% exercise="Affine" verdict="wrong" says="still has the rows' dimension"
# Each in its argument's shape; leaves the bias gradient (n, out) and trusts PyTorch to sum it
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.mT + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        a, b, c = ctx.needs_input_grad
        return grad_output @ weight if a else None, grad_output.mT @ x if b else None, grad_output if c else None

# %% exercise="Affine" verdict="wrong" says="others were computed: ask ctx.needs_input_grad"
# None for those which nobody wants; asks the flag for the bias alone and always computes both products
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.mT + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grad_bias = grad_output.sum(0) if ctx.needs_input_grad[2] else None
        return grad_output @ weight, grad_output.mT @ x, grad_bias

# %% exercise="Affine" verdict="wrong" says="the bias gradient is a mean"
# The gradient of bias is the sum over the rows; the mean is right for a single row only
class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.mT + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        a, b, c = ctx.needs_input_grad
        return grad_output @ weight if a else None, grad_output.mT @ x if b else None, grad_output.mean(0) if c else None

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
        if abs((above - below) / (2 * h) - marked.grad.view(-1)[i].item()) > 1e-4 * abs(marked.grad.view(-1)[i].item()) + 1e-9:
            return False
    return True

# %% exercise="gradient_is_right" verdict="right"
def gradient_is_right(f, x):          # whole Jacobians, one row per output
    x = x.detach().double().contiguous()
    exact = torch.autograd.functional.jacobian(f, x).reshape(-1, x.numel())
    steps = 1e-6 * torch.eye(x.numel(), dtype=x.dtype, device=x.device).reshape(-1, *x.shape)
    columns = [(f(x + step) - f(x - step)).reshape(-1) / 2e-6 for step in steps]
    return torch.allclose(exact, torch.stack(columns, 1), rtol=0, atol=1e-6)

# %% exercise="gradient_is_right" verdict="right"
# Whole Jacobian, one row per output with an upstream other than one; tolerance relative to the row
def gradient_is_right(f, x):
    at = x.detach().to(torch.float64, copy=True)
    marked = at.clone().requires_grad_()
    y = f(marked)
    columns, size, h = [], 0.0, 1e-6
    with torch.no_grad():
        for place in range(at.numel()):
            push = torch.zeros_like(at)
            push.view(-1)[place] = h
            up, down = f(at + push).reshape(-1), f(at - push).reshape(-1)
            columns.append((up - down) / (2 * h))
            size = max(size, up.abs().max().item(), down.abs().max().item())
    numeric = torch.stack(columns, 1)
    noise = 1e-15 * size / h
    for place, row in enumerate(numeric):
        weight = 2.0 + place
        g = None
        if y.requires_grad:
            upstream = torch.zeros_like(y).reshape(-1)
            upstream[place] = weight
            (g,) = torch.autograd.grad(y, marked, upstream.reshape(y.shape), retain_graph=True, allow_unused=True)
        g = torch.zeros_like(at) if g is None else g
        if ((g.reshape(-1) / weight - row).abs() > 1e-3 * row.abs().max() + noise).any():
            return False
    return True

# %% exercise="gradient_is_right" verdict="right"
# Random weights from a generator of its own, every entry of x moved by itself, relative tolerance
def gradient_is_right(f, x):
    draw = torch.Generator().manual_seed(1)
    at = x.detach().double().clone()
    own = at.clone().requires_grad_()
    y = f(own)
    weights = (torch.rand(y.shape, generator=draw, dtype=torch.float64) + 0.5).to(at.device)
    analytic = torch.autograd.grad((y * weights).sum(), own, allow_unused=True)[0] if y.requires_grad else None
    analytic = torch.zeros_like(at) if analytic is None else analytic
    h, numeric, size = 1e-6, torch.zeros_like(at), 0.0
    with torch.no_grad():
        for index in np.ndindex(*at.shape):
            moved = at.clone()
            moved[index] += h
            up = f(moved) * weights
            moved = at.clone()
            moved[index] -= h
            down = f(moved) * weights
            numeric[index] = ((up - down) / (2 * h)).sum()
            size = max(size, up.abs().max().item())
    return bool(((analytic - numeric).abs() <= 1e-3 * numeric.abs().max() + 1e-14 * size / h).all())

# %% exercise="gradient_is_right" verdict="right"
# Several random directions, each with new random weights; compares directional derivatives
def gradient_is_right(f, x):
    rng = np.random.default_rng(0)
    at = x.detach().to(torch.float64)
    h = 1e-6

    def noise_like(t):
        return torch.tensor(rng.standard_normal(tuple(t.shape)), dtype=torch.float64, device=t.device)

    def agrees():
        own = at.clone().requires_grad_()
        y = f(own)
        weights, direction = noise_like(y), noise_like(own)
        g = torch.autograd.grad(y, own, weights, allow_unused=True)[0] if y.requires_grad else None
        slope = 0.0 if g is None else (g * direction).sum().item()
        up, down = f(at + h * direction).detach(), f(at - h * direction).detach()
        change = (((up - down) / (2 * h)) * weights).sum().item()
        floor = 1e-15 * (up * weights).abs().sum().item() / h
        return abs(slope - change) <= 1e-4 * max(abs(slope), abs(change)) + floor

    return all(agrees() for _ in range(5))

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

# %% exercise="gradient_is_right" verdict="wrong" says="ignores what comes from above was accepted"
# Notice one that ignores what comes from above; compares the gradient of a plain sum, where what comes from above is one
def gradient_is_right(f, x):
    at = x.detach().double().clone().requires_grad_()
    (g,) = torch.autograd.grad(f(at).sum(), at)
    numeric, h = torch.zeros_like(g), 1e-6
    with torch.no_grad():
        for index in np.ndindex(*at.shape):
            push = torch.zeros_like(at)
            push[index] = h
            numeric[index] = (f(at + push).sum() - f(at - push).sum()) / (2 * h)
    return torch.allclose(g, numeric, rtol=1e-3, atol=1e-7)

# %% exercise="gradient_is_right" verdict="wrong" says="the tolerance must shrink with the gradient"
# Notice a gradient that is 10 % off; an absolute tolerance of 1e-2 swallows it wherever the gradient itself is small
def gradient_is_right(f, x):
    at = x.detach().double().clone().requires_grad_()
    y = f(at)
    weights = torch.linspace(1, 2, y.numel(), dtype=y.dtype, device=y.device).reshape(y.shape) * 1.5
    (g,) = torch.autograd.grad(y, at, weights)
    numeric, h = torch.zeros_like(g), 1e-6
    with torch.no_grad():
        for index in np.ndindex(*at.shape):
            push = torch.zeros_like(at)
            push[index] = h
            numeric[index] = ((f(at + push) - f(at - push)) * weights).sum() / (2 * h)
    return torch.allclose(g, numeric, rtol=1e-3, atol=1e-2)

# %% exercise="gradient_is_right" verdict="wrong" says="each entry of the result depends on several"
# F takes a tensor and returns one, of any shape; moves all entries at once and compares entry by entry, which only fits a function that works on each entry by itself
def gradient_is_right(f, x):
    at = x.detach().double().clone().requires_grad_()
    y = f(at)
    weights = torch.rand_like(y) + 0.5
    (g,) = torch.autograd.grad(y, at, weights)
    with torch.no_grad():
        numeric = (f(at + 1e-6) - f(at - 1e-6)) / 2e-6 * weights
    return torch.allclose(g, numeric.expand_as(g), rtol=1e-3, atol=1e-7)

# %% exercise="gradient_is_right" verdict="wrong" says="marked or given a .grad"
# Leave x as it was; double() of a float64 tensor is the tensor itself, so the caller's x gets marked
def gradient_is_right(f, x):
    at = x.double().requires_grad_()
    y = f(at)
    weights = torch.rand_like(y) + 0.5
    (g,) = torch.autograd.grad((y * weights).sum(), at)
    numeric, h = torch.zeros_like(g), 1e-6
    with torch.no_grad():
        for index in np.ndindex(*at.shape):
            push = torch.zeros_like(at)
            push[index] = h
            numeric[index] = ((f(at + push) - f(at - push)) * weights).sum() / (2 * h)
    return bool(torch.allclose(g, numeric, rtol=1e-3, atol=1e-7))

# %% exercise="gradient_is_right" verdict="wrong" says="a gradient of 0.0001, 10 % off, was accepted"
# Notice a gradient that is 10 % off; hands on to gradcheck, whose absolute tolerance of 1e-5 swallows it where the gradient itself is smaller than 1e-4
def gradient_is_right(f, x):
    at = x.detach().double().clone().requires_grad_()
    return bool(torch.autograd.gradcheck(f, at, raise_exception=False))

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

# %% exercise="Swish" verdict="right"
# Saves input and output; slope s + y (1 - s)
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * (s + y * (1 - s))

# %% exercise="Swish" verdict="right"
# Sigmoid through tanh, which cannot overflow; slope factored
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return 0.5 * x * (1 + torch.tanh(0.5 * x))

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = 0.5 * (1 + torch.tanh(0.5 * x))
        return grad_output * s * (1 + x * (1 - s))

# %% exercise="Swish" verdict="right"
# Slope computed by a helper from torch's own functions; double backward follows plain operations
def _swish_slope(x):
    s = torch.special.expit(x)
    return torch.addcmul(s, x, s - s.square())


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.nn.functional.silu(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * _swish_slope(*ctx.saved_tensors)

    generate_vmap_rule = True

# %% exercise="Swish" verdict="wrong" says="there is no setup_context yet"
class Swish(torch.autograd.Function):          # saves nothing, recomputes nothing
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output

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

# %% exercise="Swish" verdict="wrong" says="the second is not"
# Be differentiable twice; the sigmoid is saved ready-made, and what is neither input nor output counts as a constant in the second derivative
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x, torch.sigmoid(x))

    @staticmethod
    def backward(ctx, grad_output):
        x, s = ctx.saved_tensors
        return grad_output * (s + x * s * (1 - s))

# %% exercise="Swish" verdict="wrong" says="no second derivative"
# Be differentiable twice; the slope is computed under no_grad, to save memory, and becomes a constant
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        with torch.no_grad():
            s = torch.sigmoid(x)
            slope = s + x * s * (1 - s)
        return grad_output * slope

# %% exercise="Swish" verdict="wrong" says="data-dependent control flow"
# Work under torch.func.vmap; asks the values with a Python if, which vmap cannot follow
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        if bool((x > 20).all()):  # flat enough: the slope is 1
            return grad_output
        s = torch.sigmoid(x)
        return grad_output * (s + x * s * (1 - s))

# %% exercise="Swish" verdict="wrong" says="vmap has no rule"
# The line that lets PyTorch derive the rule for vmap is missing
class Swish(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * (s + x * s * (1 - s))

# %% exercise="Swish" verdict="wrong" says="grad_output is ignored"
# Shall work under torch.func.grad; grad_output is used for its shape alone, so anything but a plain sum of Swish gets a wrong gradient
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return torch.ones_like(grad_output) * (s + x * s * (1 - s))

# %% exercise="Swish" verdict="wrong" says="has lost float64's last digits"
# breaks: 'Result and gradients have x's dtype'; NumPy-like float32 constant tensors
class Swish(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * x.float().sigmoid()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = x.float().sigmoid()
        return grad_output.float() * (s + x.float() * s * (1 - s))

# %% exercise="LeakyReLU" verdict="equivalent" because="at exactly 0 both branches give 0"
return torch.where(x >= 0, x, slope * x)

# %% exercise="gradient_is_right" verdict="equivalent" because="a difference of exactly the tolerance between two rounded sums does not occur"
return (parts.sum() - change).abs().item() < 1e-05 * parts.abs().sum().item()
