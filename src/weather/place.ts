/** A place to ask the weather for, under our name. The answer has no names: it follows the order of the request. */
export interface Place {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
}
