/** Whether there is such a process. Whoever asks is root, who may signal everybody. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // There is none.
    return false;
  }
};
