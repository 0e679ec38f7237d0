// The tables that lists need, in one piece that is loaded when a list is shown.
import areas from 'virtual:table/areas';
import datasetLibraries from 'virtual:table/dataset-libraries';
import languages from 'virtual:table/languages';
import modelLibraries from 'virtual:table/model-libraries';
import subtasks from 'virtual:table/subtasks';
import tasks from 'virtual:table/tasks';

export const tables = { tasks, subtasks, areas, modelLibraries, datasetLibraries, languages };
