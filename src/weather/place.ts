/** Where the weather is asked for, under our name for it: an answer is told apart by its place in the request. */
export interface Place {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
}
