"""The command that measures."""

import click

commands = click.Group()


@commands.command()
@click.option("--size", default=30, help="submissions in the class")
@click.option("--stock", default=4, help="submissions that stock nbgrader grades")
@click.option(
    "--growth",
    default=0,
    metavar="SIZE",
    help="also grade classes of 30, 300 and SIZE, such as 1000, three times "
    "each, and compare what one submission costs in the largest and in the smallest, best of three; takes an hour",
)
def bench(size, stock, growth):
    """Grade the same class with stock nbgrader and with ours: ratios into build/bench.json."""
    from benchmarks import bench

    bench.run(size, stock, growth)
