export interface MultiAgent {
  readonly isClosed: boolean;
}
