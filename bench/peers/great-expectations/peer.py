"""Great Expectations on pandas over a Parquet file: `python peer.py FILE.parquet SUITE.json`. One line of JSON for each of two rounds."""
import json
import sys
import time

import great_expectations as gx
import pandas as pd

ROUNDS = 2


def expectation(given):
    words = given["type"].split("_")
    cls = getattr(gx.expectations, "".join(word.capitalize() for word in words))
    kwargs = given["kwargs"]
    # JSON has no times, and pandas compares the largest time of a column with nothing but a time.
    if kwargs.get("column") == "taken_at":
        kwargs = {key: pd.Timestamp(value).to_pydatetime() if key.endswith("_value") else value for key, value in kwargs.items()}
    return cls(**kwargs)


def main():
    path, suite = sys.argv[1:]
    with open(suite) as file:
        expectations = [expectation(each) for each in json.load(file)["expectations"]]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    definition = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("all")
    for _ in range(ROUNDS):
        started, cpu = time.perf_counter(), time.process_time()
        frame = pd.read_parquet(path)
        read, read_cpu = time.perf_counter(), time.process_time()
        batch = definition.get_batch({"dataframe": frame})
        held = gx.ExpectationSuite(name="bench", expectations=expectations)
        found = batch.validate(held, result_format="SUMMARY").to_json_dict()
        ended, ended_cpu = time.perf_counter(), time.process_time()
        unexpected = {}
        for each in found["results"]:
            # In GE's results the expectations stand in an order of its own.
            count = each["result"].get("unexpected_count")
            kwargs = each["expectation_config"]["kwargs"]
            if count is not None:
                unexpected[f"{each['expectation_config']['type']} {kwargs.get('column') or kwargs.get('column_A')}"] = count
        print(json.dumps({
            "version": gx.__version__,
            "met": found["statistics"]["successful_expectations"],
            "readSeconds": read - started,
            "readCpuSeconds": read_cpu - cpu,
            "seconds": ended - read,
            "cpuSeconds": ended_cpu - read_cpu,
            "unexpected": unexpected,
        }), flush=True)


main()
