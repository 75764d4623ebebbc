"""Which operators of TensorFlow do more than compute.

`operators.txt` has the names of all that TensorFlow 2.21 registers: `pywrap_tf_session.TF_GetAllOpList()`.
Patterns below name those of libraries that many models need.
"""

import functools
import re
from pathlib import Path

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule
from modelseal.models.tensorflow import rules

_PYTHON = re.compile(r"PyFunc|PyFuncStateless|EagerPyFunc|.*PyFunc.*|.*NumpyFunc.*")
_WRITES = re.compile(
    r"WriteFile|(Experimental)?DatasetToTFRecord|SaveDataset(V2)?|DistributedSave|Snapshot(Chunk)?Dataset(V2)?|"
    r"DumpTensor|Write\w*Summary|CreateSummary(File|Db)Writer|ImportEvent|FileSystemSetConfiguration"
)
_READS = re.compile(r"ReadFile|(Experimental)?MatchingFiles(Dataset)?|ListSnapshotChunksDataset|LoadAndRemapMatrix")
_READERS = re.compile(
    r"(TextLine|TFRecord|FixedLengthRecord|WholeFile|LMDB)Reader(V2)?|RecordInput|Snapshot(Nested)?DatasetReader|"
    r"(Experimental)?(TextLine|TFRecord|FixedLengthRecord|LMDB|Sql|CSV|Load)Dataset(V[23])?"
)
_NETWORK = re.compile(
    r"Rpc\w+|TryRpc|Rpc|DataServiceDataset(V[234])?|RegisterDataset(V2)?|BigQuery\w+|Bigtable\w+|Kafka\w+|PubSub\w+|"
    r"IO>\w*(Kafka|Http|Mongo|Sql|Pulsar|Prometheus|Elasticsearch|GRPC)\w*"
)
_SUSPECT = re.compile(r"(?i)shell|exec(ute)?(command|code)|system(call)?$|loadlibrary|subprocess|evalpython|download")
_LIBRARIES = re.compile(
    r"SimpleML\w+|(Addons|TFText|SeqIO|IO|Struct2Tensor|TFX|TFLite|Keras)>\w+|Sentencepiece\w*|FastSentencepiece\w*|"
    r"\w*(Wordpiece|BertNormalize|SplitMergeTokeniz|WhitespaceTokeniz|RoundTrip|RegexSplit|CaseFold|NormalizeUTF8|"
    r"ConstrainedSequence|PhraseTokeniz|RougeL|Ngrams|SentenceFragments|UnicodeScript|BoiseTags|MstSolve\w*)\w*|"
    r"TRTEngineOp|_Fused\w+|_MklFused\w+|_Mkl\w+|_Xla\w+|_TPU\w+|_Arg|_Retval|_Send|_Recv|_HostSend|_HostRecv|"
    r"TFTRT_\w+|Neuron\w*|Horovod\w+"
)


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("operators.txt").read_text(encoding="ascii").split())


def judged(name: str) -> tuple[Rule, Severity | None] | None:
    """Return the rule that an operator is against, with how bad that is where it is not as the rule says."""
    if _PYTHON.fullmatch(name):
        return rules.PYTHON, None
    if _WRITES.fullmatch(name):
        return rules.WRITES, None
    if _READS.fullmatch(name) or _READERS.fullmatch(name):
        return rules.READS, None
    if _NETWORK.fullmatch(name):
        return rules.NETWORK, None
    return _foreign(name)


def _foreign(name: str) -> tuple[Rule, Severity | None] | None:
    if name in _known() or _LIBRARIES.fullmatch(name):
        return None
    return rules.CUSTOM, Severity.HIGH if _SUSPECT.search(name) else None
