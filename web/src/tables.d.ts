// Made by tables.ts.
declare module 'virtual:table/tasks' {
  const tasks: Record<string, { name: string; area: string; notForModels?: true; notForDatasets?: true }>;
  export default tasks;
}
declare module 'virtual:table/subtasks' {
  const names: Record<string, string>;
  export default names;
}
declare module 'virtual:table/areas' {
  const names: Record<string, string>; // in the order in which they are shown
  export default names;
}
declare module 'virtual:table/model-libraries' {
  const names: Record<string, string>;
  export default names;
}
declare module 'virtual:table/dataset-libraries' {
  const names: Record<string, string>;
  export default names;
}
declare module 'virtual:table/languages' {
  const names: Record<string, string>; // two-letter codes
  export default names;
}
declare module 'virtual:table/more-languages' {
  const names: Record<string, string>; // three-letter codes: 160 kB, load it only where one is met
  export default names;
}
