# %% exercise="to_batch" verdict="right"
def to_batch(pictures):  # subscripts name the axes
    return torch.einsum("nhwc->nchw", pictures.float() / 255)

# %% exercise="to_batch" verdict="right"
def to_batch(pictures):  # one axis moves, the others follow
    return pictures.to(torch.float32).movedim(-1, 1).div(255)

# %% exercise="to_batch" verdict="right"
def to_batch(pictures):  # channel by channel
    channels = [pictures[..., k] for k in range(pictures.shape[-1])]
    return torch.stack(channels, dim=1) / 255

# %% exercise="to_batch" verdict="wrong" says="cuts them into other rows"
def to_batch(pictures):  # trap reshape-for-permute: the right shape, the wrong picture
    n, height, width, channels = pictures.shape
    return pictures.reshape(n, channels, height, width) / 255

# %% exercise="to_batch" verdict="wrong" says="bring 0..255 to 0..1"
def to_batch(pictures):  # ToDtype without scale=True
    return pictures.permute(0, 3, 1, 2).float()

# %% exercise="to_batch" verdict="wrong" says="expected (n, channel, height, width)"
def to_batch(pictures):  # scales as Keras's Rescaling and leaves the axes
    return pictures / 255

# %% exercise="to_batch" verdict="wrong" says="divided by the largest value"
def to_batch(pictures):  # scales by what it finds
    return pictures.permute(0, 3, 1, 2) / pictures.max()

# %% exercise="to_batch" verdict="wrong" says="layers are float32"
def to_batch(pictures):  # NumPy's float
    return pictures.permute(0, 3, 1, 2).double() / 255

# %% exercise="windows" verdict="right"
def windows(series, size):  # pairs listed beforehand: a list ends by itself, its slices are views
    return [(series[i : i + size], series[i + size]) for i in range(len(series) - size)]

# %% exercise="windows" verdict="right"
def windows(series, size):  # unfold makes all windows as one view; TensorDataset pairs them
    rows = series.unfold(0, size, 1)[:-1]
    return TensorDataset(rows, series[size:])

# %% exercise="windows" verdict="right"
def windows(series, size):  # a range of starts raises the IndexError
    class Pairs(Dataset):
        starts = range(len(series) - size)

        def __len__(self):
            return len(self.starts)

        def __getitem__(self, i):
            end = self.starts[i] + size
            return series[end - size : end], series[end]

    return Pairs()

# %% exercise="windows" verdict="wrong" says="raise IndexError at the end"
def windows(series, size):  # trap endless: trusts len, wraps around
    class Windows(Dataset):
        def __len__(self):
            return len(series) - size

        def __getitem__(self, i):
            i = i % len(self)
            return series[i : i + size], series[i + size]

    return Windows()

# %% exercise="windows" verdict="wrong" says="a window with no value after it"
def windows(series, size):  # counts the windows, forgets the target
    class Windows(Dataset):
        def __len__(self):
            return len(series) - size + 1

        def __getitem__(self, i):
            return series[i : i + size], series[i + size]

    return Windows()

# %% exercise="windows" verdict="wrong" says="windows overlap, step 1"
def windows(series, size):  # blocks, as batch makes them
    class Windows(Dataset):
        def __len__(self):
            return len(series) - size

        def __getitem__(self, i):
            return series[i * size : i * size + size], series[i + size]

    return Windows()

# %% exercise="windows" verdict="wrong" says="has __len__ and __getitem__"
def windows(series, size):  # a generator, as for from_generator
    return ((series[i : i + size], series[i + size]) for i in range(len(series) - size))

# %% exercise="windows" verdict="wrong" says="the first one outside of the window"
def windows(series, size):  # the last value of the window as its target
    class Windows(Dataset):
        def __len__(self):
            return len(series) - size

        def __getitem__(self, i):
            if i >= len(self):
                raise IndexError(i)
            return series[i : i + size], series[i + size - 1]

    return Windows()

# %% exercise="pad_batch" verdict="right"
def pad_batch(samples):  # lengths against positions
    sequences = [sequence for sequence, _ in samples]
    values = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    lengths = torch.tensor([len(s) for s in sequences], device=values.device)
    mask = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
    return values, mask, torch.as_tensor([label for _, label in samples], device=values.device)

# %% exercise="pad_batch" verdict="right"
def pad_batch(samples):  # fills rows of a tensor of zeros
    first = samples[0][0]
    shape = len(samples), max(len(s) for s, _ in samples)
    values = first.new_zeros(shape)
    mask = first.new_zeros(shape, dtype=torch.bool)
    for row, (s, _) in enumerate(samples):
        values[row, : len(s)] = s
        mask[row, : len(s)] = True
    return values, mask, first.new_tensor([label for _, label in samples], dtype=torch.int64)

# %% exercise="pad_batch" verdict="right"
def pad_batch(samples):  # pads each sequence by itself
    longest = max(s.numel() for s, _ in samples)
    pad = torch.nn.functional.pad
    values = torch.stack([pad(s, (0, longest - s.numel())) for s, _ in samples])
    mask = torch.stack([pad(torch.ones_like(s), (0, longest - s.numel())) for s, _ in samples]).bool()
    labels = torch.cat([torch.full((1,), label, device=values.device) for _, label in samples])
    return values, mask, labels

# %% exercise="pad_batch" verdict="wrong" says="taken for padding: use the lengths"
def pad_batch(samples):  # finds the mask in the values, as Keras's mask_zero
    sequences, labels = zip(*samples)
    values = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    return values, values != 0, torch.tensor(labels, device=values.device)

# %% exercise="pad_batch" verdict="wrong" says="expected (n, longest)"
def pad_batch(samples):  # the default of pad_sequence: time first
    sequences, labels = zip(*samples)
    real = [torch.ones_like(s, dtype=torch.bool) for s in sequences]
    values, mask = (torch.nn.utils.rnn.pad_sequence(rows) for rows in (sequences, real))
    return values, mask, torch.tensor(labels, device=values.device)

# %% exercise="pad_batch" verdict="wrong" says="the mask is upside down"
def pad_batch(samples):  # True on padding, as attention layers of PyTorch want it
    sequences, labels = zip(*samples)
    real = [torch.ones_like(s, dtype=torch.bool) for s in sequences]
    values, mask = (torch.nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in (sequences, real))
    return values, ~mask, torch.tensor(labels, device=values.device)

# %% exercise="pad_batch" verdict="wrong" says="zeros, at the end"
def pad_batch(samples):  # pads before, the default of Keras's pad_sequences
    sequences, labels = zip(*samples)
    longest = max(len(s) for s in sequences)
    values = torch.stack([torch.nn.functional.pad(s, (longest - len(s), 0)) for s in sequences])
    real = [torch.ones_like(s, dtype=torch.bool) for s in sequences]
    mask = torch.nn.utils.rnn.pad_sequence(real, batch_first=True)
    return values, mask, torch.tensor(labels, device=values.device)

# %% exercise="pad_batch" verdict="wrong" says="losses want class indices"
def pad_batch(samples):  # hands the labels on as they came
    sequences, labels = zip(*samples)
    real = [torch.ones_like(s, dtype=torch.bool) for s in sequences]
    values, mask = (torch.nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in (sequences, real))
    return values, mask, list(labels)

# %% exercise="pad_batch" verdict="wrong" says="labels must be on the sequences' device"
def pad_batch(samples):  # forgets the device of the labels
    sequences, labels = zip(*samples)
    real = [torch.ones_like(s, dtype=torch.bool) for s in sequences]
    values, mask = (torch.nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in (sequences, real))
    return values, mask, torch.tensor(labels)

# %% exercise="share" verdict="right"
def share(stream, worker, workers):  # counts as they pass
    return (item for i, item in enumerate(stream) if i % workers == worker)

# %% exercise="share" verdict="right"
def share(stream, worker, workers):  # a countdown to the next own item
    wait = worker
    for item in stream:
        if wait == 0:
            yield item
            wait = workers
        wait -= 1

# %% exercise="share" verdict="right"
def share(stream, worker, workers):  # a repeated pattern of turns selects
    turns = itertools.cycle([k == worker for k in range(workers)])
    return itertools.compress(stream, turns)

# %% exercise="share" verdict="wrong" says="every worker has the whole stream"
def share(stream, worker, workers):  # trap stream-repeats
    return iter(stream)

# %% exercise="share" verdict="wrong" says="take items as they are asked for"
def share(stream, worker, workers):  # reads everything first
    return iter(list(stream)[worker::workers])

# %% exercise="share" verdict="wrong" says="a stream has no length to cut"
def share(stream, worker, workers):  # blocks
    items = list(stream)
    block = -(-len(items) // workers)
    return iter(items[worker * block : (worker + 1) * block])

# %% exercise="share" verdict="wrong" says="items are lost"
def share(stream, worker, workers):  # counts workers from 1
    return itertools.islice(stream, worker + 1, None, workers)

# %% exercise="share" verdict="wrong" says="items come twice"
def share(stream, worker, workers):  # steps by the last worker's number
    return itertools.islice(stream, worker, None, workers - 1)

# %% exercise="share" verdict="wrong" says="starts with item 0"
def share(stream, worker, workers):  # the parts in reverse order
    return itertools.islice(stream, workers - 1 - worker, None, workers)

# %% exercise="statistics" verdict="right"
def statistics(loader):  # three running sums
    count = total = squares = 0
    for images, _ in loader:
        count += images.numel() // images.shape[1]
        total = total + images.sum(dim=(0, 2, 3))
        squares = squares + images.square().sum(dim=(0, 2, 3))
    mean = total / count
    return mean, (squares / count - mean.square()).sqrt()

# %% exercise="statistics" verdict="right"
def statistics(loader):  # merges mean and variance, batch by batch
    count, mean, variance = 0, 0.0, 0.0
    for images, _ in loader:
        pixels = images.transpose(0, 1).flatten(1)
        new = pixels.shape[1]
        variance_new, mean_new = torch.var_mean(pixels, dim=1, correction=0)
        part = new / (count + new)
        variance = (1 - part) * variance + part * variance_new + part * (1 - part) * (mean_new - mean) ** 2
        mean = (1 - part) * mean + part * mean_new
        count += new
    return mean, variance.sqrt()

# %% exercise="statistics" verdict="right"
def statistics(loader):  # raw moments by einsum
    moments = []
    for images, _ in loader:
        ones = torch.ones_like(images)
        moments.append(torch.stack([torch.einsum("nchw,nchw->c", images, other) for other in (images, ones)] + [ones.sum((0, 2, 3))]))
    square, first, count = torch.stack(moments).sum(dim=0)
    return first / count, (square / count - (first / count) ** 2) ** 0.5

# %% exercise="statistics" verdict="wrong" says="counts the short last batch"
def statistics(loader):  # trap mean-of-means
    means = torch.stack([images.mean(dim=(0, 2, 3)) for images, _ in loader])
    deviations = torch.stack([images.std(dim=(0, 2, 3)) for images, _ in loader])
    return means.mean(dim=0), deviations.mean(dim=0)

# %% exercise="statistics" verdict="wrong" says="one mean per channel"
def statistics(loader):  # one number for all channels
    pixels = torch.cat([images for images, _ in loader])
    return pixels.mean(), pixels.std(correction=0)

# %% exercise="statistics" verdict="wrong" says="this is the variance"
def statistics(loader):  # forgets the root
    pixels = torch.cat([images for images, _ in loader])
    return pixels.mean(dim=(0, 2, 3)), pixels.var(dim=(0, 2, 3), correction=0)

# %% exercise="statistics" verdict="wrong" says="number of pixels, without correction"
def statistics(loader):  # torch's std corrects by default, NumPy's does not
    pixels = torch.cat([images for images, _ in loader])
    return pixels.mean(dim=(0, 2, 3)), pixels.std(dim=(0, 2, 3))

# %% exercise="statistics" verdict="wrong" says="no mean of the batches' deviations"
def statistics(loader):  # weighs the means, but deviations do not add up
    count = total = spread = 0
    for images, _ in loader:
        count += len(images)
        total = total + images.mean(dim=(0, 2, 3)) * len(images)
        spread = spread + images.std(dim=(0, 2, 3), correction=0) * len(images)
    return total / count, spread / count

# %% exercise="shuffled" verdict="right"
def shuffled(stream, size, generator):  # fills first, then swaps each newcomer for a drawn item
    stream = iter(stream)
    buffer = list(itertools.islice(stream, size))
    while buffer:
        i = int(torch.randint(len(buffer), (1,), generator=generator))
        drawn, buffer[i] = buffer[i], buffer[-1]
        buffer.pop()
        yield drawn
        buffer.extend(itertools.islice(stream, 1))

# %% exercise="shuffled" verdict="right"
def shuffled(stream, size, generator):  # an end mark for each place flushes the buffer
    buffer, end = [], object()
    for item in itertools.chain(stream, itertools.repeat(end)):
        if item is not end:
            buffer.append(item)
            if len(buffer) < size:
                continue
        if not buffer:
            return
        yield buffer.pop(torch.randint(0, len(buffer), (), generator=generator).item())

# %% exercise="shuffled" verdict="right"
def shuffled(stream, size, generator):  # a dict of numbered places
    held, number = {}, 0

    def draw():
        keys = list(held)
        return held.pop(keys[torch.randint(len(keys), (), generator=generator)])

    for item in stream:
        held[number] = item
        number += 1
        if len(held) >= size:
            yield draw()
    for _ in range(len(held)):
        yield draw()

# %% exercise="shuffled" verdict="wrong" says="items are lost"
def shuffled(stream, size, generator):  # forgets what is left
    buffer = []
    for item in stream:
        buffer.append(item)
        if len(buffer) == size:
            yield buffer.pop(torch.randint(size, (), generator=generator))

# %% exercise="shuffled" verdict="wrong" says="this shuffles blocks"
def shuffled(stream, size, generator):  # permutes one buffer after the other
    buffer = []
    for item in stream:
        buffer.append(item)
        if len(buffer) == size:
            while buffer:
                yield buffer.pop(torch.randint(len(buffer), (), generator=generator))
    while buffer:
        yield buffer.pop(torch.randint(len(buffer), (), generator=generator))

# %% exercise="shuffled" verdict="wrong" says="the last items come in the buffer's order"
def shuffled(stream, size, generator):  # hands out the rest as it lies
    buffer = []
    for item in stream:
        buffer.append(item)
        if len(buffer) == size:
            yield buffer.pop(torch.randint(size, (), generator=generator))
    yield from buffer

# %% exercise="shuffled" verdict="wrong" says="with 6 in the buffer, 5 are possible"
def shuffled(stream, size, generator):  # permutes everything, as a DataLoader would
    items = list(stream)
    for i in torch.randperm(len(items), generator=generator).tolist():
        yield items[i]

# %% exercise="shuffled" verdict="wrong" says="draw with it alone"
def shuffled(stream, size, generator):  # draws from the global generator
    buffer = []
    for item in stream:
        buffer.append(item)
        if len(buffer) == size:
            yield buffer.pop(torch.randint(size, ()))
    while buffer:
        yield buffer.pop(torch.randint(len(buffer), ()))

# %% exercise="shuffled" verdict="wrong" says="all 6 in the buffer must be possible"
def shuffled(stream, size, generator):  # draws before it appends: one place too few
    buffer = []
    for item in stream:
        if len(buffer) == size - 1 and buffer:
            yield buffer.pop(torch.randint(len(buffer), (), generator=generator))
        buffer.append(item)
    while buffer:
        yield buffer.pop(torch.randint(len(buffer), (), generator=generator))

# %% exercise="statistics" verdict="equivalent" because="mean and squares are quotients of the sums: the common sign cancels"
sums = sums - powers.sum(dim=(1, 3, 4))

# %% exercise="shuffled" verdict="equivalent" because="the buffer grows by one item at a time and gives one away at size, so it is never longer than size"
if len(buffer) >= size:
