"""Where work on batches is done: in this process, in processes of this machine, or on a cluster; the results are the same."""
