# %% exercise="attend_mask" verdict="right"
def attend_mask(lengths, steps):          # a triangle, padding struck out of it
    lower = torch.ones(len(lengths), 1, steps, steps, dtype=torch.bool, device=lengths.device).tril()
    padding = torch.arange(steps, device=lengths.device)[None] >= lengths[:, None]
    return lower.masked_fill(padding[:, None, None], False)

# %% exercise="attend_mask" verdict="right"
def attend_mask(lengths, steps):          # one comparison: before the smaller of two limits
    key = torch.arange(steps, device=lengths.device)
    limit = torch.minimum(key[None, :] + 1, lengths[:, None])
    return (key < limit[..., None]).unsqueeze(1)

# %% exercise="attend_mask" verdict="right"
def attend_mask(lengths, steps):          # the signs of two differences
    place = torch.arange(steps, device=lengths.device, dtype=lengths.dtype)
    late = (place[None, :] - place[:, None]).clamp(min=0)[None, None]
    beyond = (place[None] - lengths[:, None] + 1).clamp(min=0)[:, None, None, :]
    return (late + beyond) == 0

# %% exercise="attend_mask" verdict="wrong" says="the wrong way round"
def attend_mask(lengths, steps):          # seq-mask-polarity: True as key_padding_mask has it
    place = torch.arange(steps, device=lengths.device)
    return ((place >= lengths[:, None])[:, None] | (place > place[:, None]))[:, None]

# %% exercise="attend_mask" verdict="wrong" says="an axis for the heads is missing"
def attend_mask(lengths, steps):          # Keras's attention_mask, (batch, queries, keys)
    place = torch.arange(steps, device=lengths.device)
    return (place < lengths[:, None])[:, None] & (place <= place[:, None])

# %% exercise="attend_mask" verdict="wrong" says="one row for all queries"
def attend_mask(lengths, steps):          # mask_zero alone: padding, and no triangle
    return (torch.arange(steps, device=lengths.device) < lengths[:, None])[:, None, None]

# %% exercise="attend_mask" verdict="wrong" says="step 0 may look at itself"
def attend_mask(lengths, steps):          # a triangle without its diagonal
    place = torch.arange(steps, device=lengths.device)
    return ((place < lengths[:, None])[:, None] & (place < place[:, None]))[:, None]

# %% exercise="attend_mask" verdict="wrong" says="step 0 looks at step 1, its future"
def attend_mask(lengths, steps):          # queries and keys exchanged: triu for tril
    place = torch.arange(steps, device=lengths.device)
    return ((place < lengths[:, None])[:, None] & (place >= place[:, None]))[:, None]

# %% exercise="attend_mask" verdict="wrong" says="from the sentence's length on is padding"
def attend_mask(lengths, steps):          # off by one at the end
    place = torch.arange(steps, device=lengths.device)
    return ((place <= lengths[:, None])[:, None] & (place <= place[:, None]))[:, None]

# %% exercise="attend_mask" verdict="wrong" says="expected torch.bool, got torch.float32"
def attend_mask(lengths, steps):          # seq-mask-float: ones and zeros, which are added
    place = torch.arange(steps, device=lengths.device)
    return ((place < lengths[:, None])[:, None] & (place <= place[:, None]))[:, None].float()

# %% exercise="attend_mask" verdict="wrong" says="a query in the padding still may look"
def attend_mask(lengths, steps):          # masks the queries as well: rows that see nothing
    counts = torch.arange(steps, device=lengths.device) < lengths[:, None]
    both = counts[:, None] & counts[:, :, None]
    return both.tril()[:, None]

# %% exercise="answer_loss" verdict="right"
def answer_loss(logits, tokens, bar):          # targets outside the answer become the number that is ignored
    behind = (tokens == bar).cumsum(1)[:, :-1] > 0
    targets = tokens[:, 1:].masked_fill(~behind, 0)
    return nn.functional.cross_entropy(logits[:, :-1].mT, targets, ignore_index=0)

# %% exercise="answer_loss" verdict="right"
def answer_loss(logits, tokens, bar):          # log-probabilities, gathered and weighed as sample_weight would
    log = logits[:, :-1].log_softmax(-1)
    picked = torch.gather(log, 2, tokens[:, 1:].unsqueeze(2)).squeeze(2)
    weight = ((tokens[:, :-1] == bar).cumsum(1).clamp(max=1) * (tokens[:, 1:] > 0)).to(logits.dtype)
    return -(picked * weight).sum() / weight.sum()

# %% exercise="answer_loss" verdict="right"
def answer_loss(logits, tokens, bar):          # sentence by sentence, slices of plain rows
    losses = []
    for scores, row in zip(logits, tokens):
        words = row.tolist()
        first = words.index(bar)
        last = len(words) - next((i for i, word in enumerate(reversed(words)) if word), 0)
        losses.append(nn.functional.cross_entropy(scores[first:last - 1], row[first + 1:last], reduction="none"))
    return torch.cat(losses).mean()

# %% exercise="answer_loss" verdict="wrong" says="the question counts too"
def answer_loss(logits, tokens, bar):          # seq-next-token: the usual loss, question and all
    return nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], ignore_index=0)

# %% exercise="answer_loss" verdict="wrong" says="padding counts: targets of 0"
def answer_loss(logits, tokens, bar):          # forgets that sentences end
    behind = (tokens[:, :-1] == bar).cumsum(1) > 0
    each = nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none")
    return each[behind].mean()

# %% exercise="answer_loss" verdict="wrong" says="the bar itself is predicted"
def answer_loss(logits, tokens, bar):          # looks for the bar among the targets
    targets = tokens[:, 1:]
    behind = ((targets == bar).cumsum(1) + (tokens[:, :1] == bar) > 0) & (targets != 0)
    each = nn.functional.cross_entropy(logits[:, :-1].mT, targets, reduction="none")
    return each[behind].mean()

# %% exercise="answer_loss" verdict="wrong" says="asked for its own token"
def answer_loss(logits, tokens, bar):          # targets not shifted
    behind = ((tokens[:, :-1] == bar).cumsum(1) > 0) & (tokens[:, 1:] != 0)
    each = nn.functional.cross_entropy(logits.mT, tokens, reduction="none")[:, :-1]
    return each[behind].mean()

# %% exercise="answer_loss" verdict="wrong" says="divided by all steps"
def answer_loss(logits, tokens, bar):          # multiplies by a mask and takes the mean
    behind = ((tokens[:, :-1] == bar).cumsum(1) > 0) & (tokens[:, 1:] != 0)
    each = nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none")
    return (each * behind).mean()

# %% exercise="answer_loss" verdict="wrong" says="mean of each row's mean"
def answer_loss(logits, tokens, bar):          # each sentence counts the same
    behind = ((tokens[:, :-1] == bar).cumsum(1) > 0) & (tokens[:, 1:] != 0)
    each = nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none")
    return ((each * behind).sum(1) / behind.sum(1)).mean()

# %% exercise="answer_loss" verdict="wrong" says="right after the bar counts too"
def answer_loss(logits, tokens, bar):          # starts one token late
    behind = ((tokens[:, :-1] == bar).cumsum(1).cumsum(1) > 1) & (tokens[:, 1:] != 0)
    each = nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none")
    return each[behind].mean()

# %% exercise="answer_loss" verdict="wrong" says="cut off from the logits"
def answer_loss(logits, tokens, bar):          # hands out a number for the log
    behind = ((tokens[:, :-1] == bar).cumsum(1) > 0) & (tokens[:, 1:] != 0)
    each = nn.functional.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none")
    return each[behind].mean().detach()

# %% exercise="answer_loss" verdict="wrong" says="this is the sum over the answers"
def answer_loss(logits, tokens, bar):          # reduction="sum"
    targets = tokens[:, 1:].masked_fill((tokens[:, :-1] == bar).cumsum(1) == 0, 0)
    return nn.functional.cross_entropy(logits[:, :-1].mT, targets, ignore_index=0, reduction="sum")

# %% exercise="sentence_vectors" verdict="right"
def sentence_vectors(lstm, x, lengths):          # a list of sentences, packed, their ends picked from the outputs
    rows = [row[:length] for row, length in zip(x, lengths.tolist())]
    out, _ = lstm(nn.utils.rnn.pack_sequence(rows, enforce_sorted=False))
    out, _ = pad_packed_sequence(out, batch_first=True)
    last = out[torch.arange(len(rows), device=x.device), lengths - 1]
    return torch.cat([last[:, :lstm.hidden_size], out[:, 0, lstm.hidden_size:]], dim=1)

# %% exercise="sentence_vectors" verdict="right"
def sentence_vectors(lstm, x, lengths):          # each sentence by itself
    vectors = []
    for i in range(len(x)):
        _, (h, _) = lstm(x[i:i + 1, :int(lengths[i])])
        vectors.append(h[-2:].flatten())
    return torch.stack(vectors)

# %% exercise="sentence_vectors" verdict="right"
def sentence_vectors(lstm, x, lengths):          # sorts the batch itself, and sorts back
    order = lengths.argsort(descending=True)
    packed = pack_padded_sequence(x[order], lengths[order].tolist(), batch_first=True)
    h = lstm(packed)[1][0].unflatten(0, (lstm.num_layers, 2))[-1]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    return h.transpose(0, 1).flatten(1)[back]

# %% exercise="sentence_vectors" verdict="wrong" says="this is the padded batch's last step"
def sentence_vectors(lstm, x, lengths):          # the habit out[:, -1]
    out, _ = lstm(x)
    return out[:, -1]

# %% exercise="sentence_vectors" verdict="wrong" says="it begins in the padding; pack the batch"
def sentence_vectors(lstm, x, lengths):          # seq-backward-padding: steps by length, but not packed
    out, _ = lstm(x)
    half = lstm.hidden_size
    last = out[torch.arange(len(x), device=x.device), lengths - 1]
    return torch.cat([last[:, :half], out[:, 0, half:]], dim=1)

# %% exercise="sentence_vectors" verdict="wrong" says="it has read one word only"
def sentence_vectors(lstm, x, lengths):          # seq-bidirectional: both halves at the last step
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
    return out[torch.arange(len(x), device=x.device), lengths - 1]

# %% exercise="sentence_vectors" verdict="wrong" says="this is the bottom layer's state"
def sentence_vectors(lstm, x, lengths):          # h[0] and h[1], whatever the layers
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(packed)
    return torch.cat([h[0], h[1]], dim=1)

# %% exercise="sentence_vectors" verdict="wrong" says="the halves are exchanged"
def sentence_vectors(lstm, x, lengths):          # backwards first
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(packed)
    return torch.cat([h[-1], h[-2]], dim=1)

# %% exercise="sentence_vectors" verdict="wrong" says="the rows come sorted by length"
def sentence_vectors(lstm, x, lengths):          # sorts, and never sorts back
    order = lengths.argsort(descending=True)
    packed = pack_padded_sequence(x[order], lengths[order].cpu(), batch_first=True)
    _, (h, _) = lstm(packed)
    return torch.cat([h[-2], h[-1]], dim=1)

# %% exercise="sentence_vectors" verdict="wrong" says="the unpacked outputs end in padding"
def sentence_vectors(lstm, x, lengths):          # the last column of what was unpacked
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
    return torch.cat([out[:, -1, :lstm.hidden_size], out[:, 0, lstm.hidden_size:]], dim=1)

# %% exercise="sentence_vectors" verdict="wrong" says="must be sorted in decreasing order"
def sentence_vectors(lstm, x, lengths):          # dyn-pad-in-batch: enforce_sorted left at True
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
    _, (h, _) = lstm(packed)
    return torch.cat([h[-2], h[-1]], dim=1)

# %% exercise="keras_gru_weights" verdict="right"
def keras_gru_weights(gru):          # row numbers instead of blocks
    h = gru.hidden_size
    order = np.r_[h:2 * h, 0:h, 2 * h:3 * h]
    state = {name: value.detach().cpu().numpy()[order] for name, value in gru.state_dict().items()}
    arrays = []
    for end in [""] + ["_reverse"] * gru.bidirectional:
        arrays += [state[f"weight_ih_l0{end}"].T, state[f"weight_hh_l0{end}"].T]
        arrays += [np.array([state[f"bias_ih_l0{end}"], state[f"bias_hh_l0{end}"]])] if gru.bias else []
    return arrays

# %% exercise="keras_gru_weights" verdict="right"
def keras_gru_weights(gru):          # one axis for the gates, then picked in order
    flat = []
    for weights in gru.all_weights:
        parts = [w.detach().unflatten(0, (3, gru.hidden_size))[[1, 0, 2]].flatten(0, 1) for w in weights]
        flat.append(parts[0].t().cpu().numpy())
        flat.append(parts[1].t().cpu().numpy())
        if len(parts) == 4:
            flat.append(torch.stack(parts[2:]).cpu().numpy())
    return flat

# %% exercise="keras_gru_weights" verdict="right"
def keras_gru_weights(gru):          # arrays to fill, gate by gate
    h, arrays = gru.hidden_size, []
    values = [p.detach().cpu().numpy() for p in gru.parameters()]
    each = 4 if gru.bias else 2
    for start in range(0, len(values), each):
        blocks = values[start:start + each]
        made = [np.empty(block.shape[::-1], block.dtype) for block in blocks]
        for to, source in enumerate((1, 0, 2)):
            for array, block in zip(made, blocks):
                array[..., to * h:(to + 1) * h] = block[source * h:(source + 1) * h].T
        arrays += made[:2] + ([np.stack(made[2:])] if gru.bias else [])
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="the blocks lie as PyTorch has them"
def keras_gru_weights(gru):          # seq-gru-carried: transposed, and the gates left as they lie
    arrays = []
    for weights in gru.all_weights:
        parts = [w.detach().cpu().numpy().copy() for w in weights]
        arrays += [parts[0].T, parts[1].T] + ([np.stack(parts[2:])] if gru.bias else [])
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="Keras's kernels are the transposes"
def keras_gru_weights(gru):          # kernels as PyTorch has them
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
        arrays += parts[:2] + ([np.stack(parts[2:]).T] if gru.bias else [])
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="reshaped, not transposed"
def keras_gru_weights(gru):          # the right shape by reshape
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
        arrays += [part.reshape(part.shape[::-1]) for part in parts[:2]]
        arrays += [np.stack(parts[2:])] if gru.bias else []
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="the two biases were added up"
def keras_gru_weights(gru):          # an LSTM's habit: one bias
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
        both = [np.stack([parts[2] + parts[3], np.zeros_like(parts[2])])] if gru.bias else []
        arrays += [parts[0].T, parts[1].T] + both
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="the biases have blocks of gates too"
def keras_gru_weights(gru):          # swaps the kernels' blocks only
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights[:2]))
        parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
        biases = [torch.stack(weights[2:]).detach().cpu().numpy()] if gru.bias else []
        arrays += [parts[0].T, parts[1].T] + biases
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="the first row is the bias beside the input"
def keras_gru_weights(gru):          # the biases' rows exchanged
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
        arrays += [parts[0].T, parts[1].T] + ([np.stack(parts[:1:-1])] if gru.bias else [])
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="Keras takes NumPy arrays"
def keras_gru_weights(gru):          # hands out tensors
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part) for part in zip(z, r, n)]
        arrays += [parts[0].T, parts[1].T] + ([torch.stack(parts[2:])] if gru.bias else [])
    return arrays

# %% exercise="keras_gru_weights" verdict="wrong" says="expected arrays of the shapes"
def keras_gru_weights(gru):          # one direction only
    r, z, n = zip(*(w.detach().cpu().chunk(3) for w in gru.all_weights[0]))
    parts = [torch.cat(part).numpy() for part in zip(z, r, n)]
    return [parts[0].T, parts[1].T] + ([np.stack(parts[2:])] if gru.bias else [])

# %% exercise="keras_gru_weights" verdict="wrong" says="Keras's order is z, r, h"
def keras_gru_weights(gru):          # takes the last two blocks for the ones to exchange
    arrays = []
    for weights in gru.all_weights:
        r, z, n = zip(*(w.detach().cpu().chunk(3) for w in weights))
        parts = [torch.cat(part).numpy() for part in zip(r, n, z)]
        arrays += [parts[0].T, parts[1].T] + ([np.stack(parts[2:])] if gru.bias else [])
    return arrays

# %% exercise="SelfAttention" verdict="right"
class SelfAttention(nn.Module):          # chunk, view and an added mask of minus infinity
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(dim, dim * 3)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, keep=None):
        batch, time, dim = x.shape
        q, k, v = (part.reshape(batch, time, self.heads, dim // self.heads).transpose(1, 2)
                   for part in self.qkv(x).split(dim, dim=-1))
        hidden = torch.ones(time, time, dtype=torch.bool, device=x.device).triu(1)
        if keep is not None:
            hidden = hidden | ~keep[:, None, None, :]
        mask = torch.zeros(hidden.shape, dtype=x.dtype, device=x.device).masked_fill(hidden, -torch.inf)
        found = scaled_dot_product_attention(q, k, v, mask, self.dropout * self.training)
        return self.out(found.transpose(1, 2).reshape(batch, time, dim))

# %% exercise="SelfAttention" verdict="right"
class SelfAttention(nn.Module):          # by the formula, with an nn.Dropout for the weights
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.heads = heads
        self.qkv, self.out, self.drop = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), nn.Dropout(dropout)

    def forward(self, x, keep=None):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        place = torch.arange(x.shape[1], device=x.device)
        sees = (place <= place[:, None]).expand(x.shape[0], 1, -1, -1)
        if keep is not None:
            sees = sees & keep[:, None, None, :]
        scores = (q @ k.mT) * q.shape[-1] ** -0.5
        weights = scores.masked_fill(~sees, -1e9).softmax(-1).masked_fill(~sees, 0.0)
        return self.out((self.drop(weights) @ v).transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="right"
class SelfAttention(nn.Module):          # einsum, is_causal where there is no mask
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, keep=None):
        size = x.shape[-1] // self.heads
        q, k, v = self.qkv(x).view(*x.shape[:2], 3, self.heads, size).transpose(1, 3).unbind(2)
        mask = None
        if keep is not None:
            mask = keep.unsqueeze(1).repeat(1, x.shape[1], 1).tril().unsqueeze(1)
        rate = self.dropout if self.training else 0
        found = scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate, is_causal=mask is None)
        joined = torch.einsum("bhtd,hde->bte", found, self.out.weight.T.unflatten(0, (self.heads, size)))
        return joined + self.out.bias

# %% exercise="SelfAttention" verdict="wrong" says="dropout_p knows no mode"
class SelfAttention(nn.Module):          # seq-sdpa-dropout: hands dropout over whatever the mode
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        sees = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        if keep is not None:
            sees = sees & keep[:, None, None]
        found = scaled_dot_product_attention(q, k, v, attn_mask=sees, dropout_p=self.dropout)
        return self.out(found.transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="here the others were looked at"
class SelfAttention(nn.Module):          # seq-mask-polarity: True taken for left out
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        sees = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        if keep is not None:
            sees = sees & ~keep[:, None, None]
        rate = self.dropout if self.training else 0.0
        found = scaled_dot_product_attention(q, k, v, attn_mask=sees, dropout_p=rate)
        return self.out(found.transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="is time on the axis before the last"
class SelfAttention(nn.Module):          # seq-sdpa-axes: Keras's order, time before heads
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(2)
        rate = self.dropout if self.training else 0.0
        found = scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=True)
        return self.out(found.flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="every step sees the future"
class SelfAttention(nn.Module):          # padding alone
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mask = None if keep is None else keep[:, None, None]
        rate = self.dropout if self.training else 0.0
        found = scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate)
        return self.out(found.transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="a step that may look at nothing gathers zeros"
class SelfAttention(nn.Module):          # seq-mask-empty: the formula, and nan where nothing is left
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.heads = heads
        self.qkv, self.out, self.drop = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), nn.Dropout(dropout)

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        sees = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        sees = sees if keep is None else sees & keep[:, None, None]
        weights = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~sees, -torch.inf).softmax(-1)
        return self.out((self.drop(weights) @ v).transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="ones and zeros are no mask"
class SelfAttention(nn.Module):          # seq-mask-float: a float mask of ones and zeros, over the triangle
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        rate = self.dropout if self.training else 0.0
        found = scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=True)
        return self.out(found.transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="it is no longer causal"
class SelfAttention(nn.Module):          # one mask or the other
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mask = None if keep is None else keep[:, None, None]
        rate = self.dropout if self.training else 0.0
        found = scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate, is_causal=mask is None)
        return self.out(found.transpose(1, 2).flatten(2))

# %% exercise="SelfAttention" verdict="wrong" says="give each its own features"
class SelfAttention(nn.Module):          # forgets the heads
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out, self.dropout = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), dropout

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        sees = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        sees = sees if keep is None else sees & keep[:, None]
        rate = self.dropout if self.training else 0.0
        return self.out(scaled_dot_product_attention(q, k, v, attn_mask=sees, dropout_p=rate))

# %% exercise="SelfAttention" verdict="wrong" says="in training mode two calls agree"
class SelfAttention(nn.Module):          # leaves dropout out
    def __init__(self, dim, heads, dropout=0.0):
        super().__init__()
        self.qkv, self.out, self.heads = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), heads

    def forward(self, x, keep=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        sees = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        sees = sees if keep is None else sees & keep[:, None, None]
        return self.out(scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2))

# %% exercise="SlidingAttention" verdict="right"
class SlidingAttention(nn.Module):          # places in the text, kept beside keys and values in a dict
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, cache=None):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        start = 0
        if cache:
            start, k, v = cache["next"], torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
        end = start + x.shape[1]
        query = torch.arange(start, end, device=x.device)[:, None]
        key = torch.arange(end - k.shape[2], end, device=x.device)
        y = scaled_dot_product_attention(q, k, v, attn_mask=(key <= query) & (query - key < self.window))
        keep = min(self.window - 1, k.shape[2])
        k, v = (part.narrow(2, part.shape[2] - keep, keep) for part in (k, v))
        return self.out(y.transpose(1, 2).flatten(2)), {"next": end, "k": k, "v": v}

# %% exercise="SlidingAttention" verdict="right"
class SlidingAttention(nn.Module):          # step by step, each with the slice that it sees
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        old = 0 if cache is None else cache[0].shape[2]
        if old:
            k, v = torch.cat((cache[0], k), -2), torch.cat((cache[1], v), -2)
        seen = []
        for step in range(x.shape[1]):
            view = slice(max(0, old + step + 1 - self.window), old + step + 1)
            seen.append(scaled_dot_product_attention(q[:, :, step:step + 1], k[:, :, view], v[:, :, view]))
        rest = slice(max(0, old + x.shape[1] + 1 - self.window), None)
        return self.out(torch.cat(seen, 2).transpose(1, 2).flatten(2)), [k[:, :, rest], v[:, :, rest]]

# %% exercise="SlidingAttention" verdict="right"
class SlidingAttention(nn.Module):          # by the formula, one tensor for keys and values
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, cache=None):
        made = self.qkv(x)
        q, kv = made[..., :x.shape[-1]], made[..., x.shape[-1]:]
        if cache is not None:
            kv = torch.cat([cache[0], kv], dim=1)
        q = q.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = kv.unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        back = torch.arange(x.shape[1], device=x.device)[:, None] - torch.arange(kv.shape[1], device=x.device)
        back = back + kv.shape[1] - x.shape[1]
        scores = (q @ k.mT) / q.shape[-1] ** 0.5
        weights = scores.masked_fill((back < 0) | (back >= self.window), -torch.inf).softmax(-1)
        y = self.out((weights @ v).transpose(1, 2).flatten(2))
        return y, (kv[:, max(kv.shape[1] - self.window + 1, 0):],)

# %% exercise="SlidingAttention" verdict="wrong" says="sees its whole past: the window is 3"
class SlidingAttention(nn.Module):          # a causal mask and no window
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        sees = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=x.device).tril(k.shape[2] - q.shape[2])
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(k.shape[2] - self.window + 1, 0)
        return self.out(y), (k[:, :, first:], v[:, :, first:])

# %% exercise="SlidingAttention" verdict="wrong" says="where does the triangle of the second begin"
class SlidingAttention(nn.Module):          # the triangle moved, the window's other edge not
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        new, seen = q.shape[2], k.shape[2]
        sees = torch.ones(new, seen, dtype=torch.bool, device=x.device).tril(seen - new).triu(1 - self.window)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(seen - self.window + 1, 0)
        return self.out(y), (k[:, :, first:], v[:, :, first:])

# %% exercise="SlidingAttention" verdict="wrong" says="the first three steps are wrong"
class SlidingAttention(nn.Module):          # seq-causal-corner: the triangle starts at the first key
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        sees = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=x.device).tril().triu(1 - self.window)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(k.shape[2] - self.window + 1, 0)
        return self.out(y), (k[:, :, first:], v[:, :, first:])

# %% exercise="SlidingAttention" verdict="wrong" says="one step too many"
class SlidingAttention(nn.Module):          # off by one: the window without the step itself
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        new, seen = q.shape[2], k.shape[2]
        sees = torch.ones(new, seen, dtype=torch.bool, device=x.device).tril(seen - new).triu(seen - new - self.window)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(seen - self.window, 0)
        return self.out(y), (k[:, :, first:], v[:, :, first:])

# %% exercise="SlidingAttention" verdict="wrong" says="the second call forgot the first"
class SlidingAttention(nn.Module):          # takes the cache and does not look at it
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        sees = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=x.device).tril().triu(1 - self.window)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(k.shape[2] - self.window + 1, 0)
        return self.out(y), (k[:, :, first:], v[:, :, first:])

# %% exercise="SlidingAttention" verdict="wrong" says="of two steps, keys and values, it is"
class SlidingAttention(nn.Module):          # masks the window, and keeps everything all the same
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        new, seen = q.shape[2], k.shape[2]
        sees = torch.ones(new, seen, dtype=torch.bool, device=x.device)
        sees = sees.tril(seen - new).triu(seen - new - self.window + 1)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        return self.out(y), (k, v)

# %% exercise="SlidingAttention" verdict="wrong" says="changed the cache it was given"
class SlidingAttention(nn.Module):          # one list for all calls
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        cache = [] if cache is None else cache
        cache.append((k, v))
        k, v = (torch.cat(parts, dim=2) for parts in zip(*cache))
        new, seen = q.shape[2], k.shape[2]
        sees = torch.ones(new, seen, dtype=torch.bool, device=x.device)
        sees = sees.tril(seen - new).triu(seen - new - self.window + 1)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        first = max(seen - self.window + 1, 0)
        cache[:] = [(k[:, :, first:], v[:, :, first:])]
        return self.out(y), cache

# %% exercise="SlidingAttention" verdict="wrong" says="qkv sees new steps once"
class SlidingAttention(nn.Module):          # keeps the inputs and projects them again
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        new = x.shape[1]
        x = x if cache is None else torch.cat([cache[0], x], dim=1)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = x.shape[1]
        sees = torch.ones(seen, seen, dtype=torch.bool, device=x.device).tril().triu(1 - self.window)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees)[:, :, seen - new:]
        return self.out(y.transpose(1, 2).flatten(2)), (x[:, max(seen - self.window + 1, 0):],)

# %% exercise="SlidingAttention" verdict="wrong" says="a window of 1: the cache holds"
class SlidingAttention(nn.Module):          # k[:, :, -0:] is everything
    def __init__(self, dim, heads, window):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.window = heads, window

    def forward(self, x, cache=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        new, seen = q.shape[2], k.shape[2]
        sees = torch.ones(new, seen, dtype=torch.bool, device=x.device)
        sees = sees.tril(seen - new).triu(seen - new - self.window + 1)
        y = scaled_dot_product_attention(q, k, v, attn_mask=sees).transpose(1, 2).flatten(2)
        return self.out(y), (k[:, :, -(self.window - 1):], v[:, :, -(self.window - 1):])
