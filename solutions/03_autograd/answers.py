# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # the functional call: nothing is ever written into a .grad
    own = x.detach().clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(f(own), own)
    return gradient

# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # torch.func: a function in, its gradient function out
    return torch.func.grad(f)(x.detach())

# %% exercise="grad_of" verdict="right"
def grad_of(f, x):          # borrows the caller's leaf and puts back what it found
    marked, kept = x.requires_grad, x.grad
    x.grad = None
    x.requires_grad_(True)
    f(x).backward()
    result = x.grad
    x.grad = kept
    x.requires_grad_(marked)
    return result

# %% exercise="grad_of" verdict="wrong" says="adds up over calls"
def grad_of(f, x):          # trap grad-accumulates: marks and reuses the caller's x
    x.requires_grad_()
    f(x).backward()
    return x.grad.clone()

# %% exercise="grad_of" verdict="wrong" says="both calls returned the same tensor"
def grad_of(f, x):          # trap grad-accumulates: zeroes as the old guides do, and returns .grad itself
    x.requires_grad_()
    if x.grad is not None:
        x.grad.zero_()
    f(x).backward()
    return x.grad

# %% exercise="grad_of" verdict="wrong" says="it records from now on"
def grad_of(f, x):          # requires-grad: takes requires_grad_ for a setting of this call alone
    x.requires_grad_()
    return torch.autograd.grad(f(x), x)[0]

# %% exercise="grad_of" verdict="wrong" says="which the caller's x carried was changed"
def grad_of(f, x):          # grad-zero-none: cleans up, and throws the caller's own gradient away
    marked = x.requires_grad
    x.requires_grad_()
    x.grad = None
    f(x).backward()
    result, x.grad = x.grad, None
    x.requires_grad_(marked)
    return result

# %% exercise="grad_of" verdict="wrong" says="still hangs on a graph"
def grad_of(f, x):          # reverse-mode: create_graph "to be safe" keeps the graph of the gradient
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x, create_graph=True)[0]

# %% exercise="grad_of" verdict="wrong" says="does not require grad"
def grad_of(f, x):          # no-grad: wraps the call as one would stop a tape from recording
    x = x.detach().requires_grad_()
    with torch.no_grad():
        value = f(x)
    value.backward()
    return x.grad

# %% exercise="grad_of" verdict="wrong" says="is 3 x**2"
def grad_of(f, x):          # reverse-mode: one-sided differences instead of a backward pass
    base, step = x.detach(), 1e-3
    result = torch.empty_like(base)
    for i in range(base.numel()):
        moved = base.clone()
        moved.view(-1)[i] += step
        result.view(-1)[i] = (f(moved) - f(base)) / step
    return result

# %% exercise="grad_of" verdict="wrong" says="as a tensor, got tuple"
def grad_of(f, x):          # tape-vs-backward: autograd.grad returns a tuple, as tape.gradient does for a list
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x)
