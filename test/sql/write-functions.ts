import { writeDocument } from './functions-document.ts';

writeDocument();
