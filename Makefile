# Each target sets up .venv first where needed. PYTHON=/path/to/python3.12 picks the Python, TORCH=cpu leaves CUDA out.
PYTHON ?= python3
RUN = PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python
GRADER = $(RUN) -m grader
TESTS = $(RUN) -m pytest tests

.PHONY: help setup lab reset progress submit instructor demo test units promises test-all check course site exercises tidy grade bench release wheel gpu

help:                ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

setup:               ## make .venv, or bring it up to date
	@$(PYTHON) lab/install.py

lab: setup           ## open the course in JupyterLab; LAB_ARGS="--no-browser --port=8890" goes on to it
	@$(GRADER) lab -- $(LAB_ARGS)

reset: setup         ## a fresh copy of one exercise: make reset EXERCISE=03_autograd
	@$(GRADER) reset "$(EXERCISE)"

progress: setup      ## how your exercises stand: right, wrong and why, or still open
	@$(GRADER) progress

submit: setup        ## one checked zip to hand in: make submit LESSON=03 NAME=ana; LESSON=all for all you have begun
	@$(GRADER) submit "$(LESSON)" $(if $(NAME),--name "$(NAME)")

# ---- instructors and maintainers: what stands below is not part of the students' zip ----

instructor: setup    ## the same JupyterLab with formgrader and Create Assignment
	@$(GRADER) instructor -- $(LAB_ARGS)

demo: setup          ## hand out, solve and grade a sample class in build/demo
	@$(GRADER) demo

grade: setup         ## grade what lies in state/submitted/: LESSON=, STUDENT=, WORKERS=, SCHEDULER=tcp://...
	@$(GRADER) grade $(LESSON) $(if $(STUDENT),--student $(STUDENT)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(SCHEDULER),--scheduler $(SCHEDULER))

bench: setup         ## stock nbgrader against ours on the same class, as ratios: build/bench.json; GROWTH=1000 for larger classes too
	@$(GRADER) bench $(if $(GROWTH),--growth $(GROWTH))

wheel: setup         ## dist/: the grader alone, for any nbgrader course: uv pip install dist/*.whl
	@rm -rf build/lib && .venv/bin/uv build --quiet --wheel --no-build-isolation --python .venv/bin/python -o dist .
	@ls dist/*.whl

release: setup       ## dist/: the students' zip, proven free of solutions
	@$(GRADER) release

check: setup         ## every promise about the sources: LESSON= for one
	@$(GRADER) check $(LESSON)

course: setup        ## run lessons and solutions into build/: LESSON= for one
	@$(GRADER) course $(LESSON)

site:                ## build/site: the website, from the lessons that `make course` has run
	@$(PYTHON) lab/install.py site && $(GRADER) site

gpu:                 ## on a GPU against the CPU, with PYTHON as it is, no set-up: LESSON=, DEVICE=cpu rehearses
	@$(PYTHON) -m gates.gpu $(LESSON) $(if $(DEVICE),--device $(DEVICE))

exercises: setup     ## make the student version from solutions/
	@$(GRADER) exercises $(LESSON)

tidy: setup          ## bring notebooks to their canonical form
	@$(GRADER) tidy

test: setup          ## what CI runs: the unit tests beside everything else, and their lines at the end
	@$(RUN) -m ruff check grader lab gates website benchmarks tests && $(MAKE) --no-print-directory -j2 units promises

units:
	@mkdir -p build && $(TESTS) -m "not slow" > build/units.log 2>&1; code=$$?; cat build/units.log; exit $$code

promises:
	@$(GRADER) check && $(GRADER) course && $(GRADER) demo && $(GRADER) numbers

test-all:            ## everything else too: tricks, faults, kills, nbgrader's own tests, a real browser, JupyterHub
	@$(PYTHON) lab/install.py browser site hub slurm
	@! command -v npm > /dev/null || npm install --silent --no-audit --no-fund --prefix build/hub configurable-http-proxy
	@$(MAKE) test && $(TESTS) -m slow
