"""Starting and stopping threads in a process: servers, forks, signals."""
