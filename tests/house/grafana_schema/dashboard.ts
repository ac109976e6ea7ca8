// What Grafana's published types say of a dashboard file: those of 10.4 and those of 11.6. The test writes a program that
// requires each file to satisfy them.
import type * as v10 from 'grafana-schema-10';
import type * as v11 from '@grafana/schema';
import type * as Prometheus from 'grafana-schema-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has no enumerations: where a type wants one of text, its text will do.
type Json<T> = unknown extends T ? T : T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

type Query = Prometheus.PrometheusDataQuery;
type Visualization<Name, Options, Custom> = Omit<v11.Panel<Record<string, unknown>, Custom>, 'type' | 'options' | 'targets' | 'fieldConfig'> & {
  type: Name;
  options: Options;
  targets: Query[];
  fieldConfig: { defaults: Omit<v11.FieldConfig, 'custom'> & { custom?: Custom }; overrides: v11.FieldConfigSource['overrides'] };
};
type Panel =
  | Visualization<'bargauge', BarGauge.Options, never>
  | Visualization<'heatmap', Heatmap.Options, Heatmap.FieldConfig>
  | Visualization<'stat', Stat.Options, never>
  | Visualization<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | Visualization<'table', Table.Options, Table.FieldConfig>
  | Visualization<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>;

// Grafana's Prometheus reads these from an annotation; its types leave them out. Grafana 10 reads its own `expr`, later
// ones its target's. `definition` is what the editor of variables shows.
type Annotation = v11.AnnotationQuery<Query> & {
  expr: string;
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime?: boolean;
};
type Variable = v11.VariableModel & { definition?: string };

type Extended<Base> = Omit<Base, 'panels' | 'annotations' | 'templating'> & {
  panels: Array<Panel | v11.RowPanel>;
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
};
export type Dashboard10 = Json<Extended<v10.Dashboard>>;
export type Dashboard11 = Json<Extended<v11.Dashboard>>;
