"""Line mode: Hallway for screen readers, plain terminals and pipes."""
