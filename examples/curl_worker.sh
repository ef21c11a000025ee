#!/bin/sh
# A worker in plain shell: it joins a study of a service, and asks, reports and tells with curl. Run
# it on as many machines as you have; the service proposes, and offers the trial of a worker that
# died to another one.
#
#     luthier serve --storage sqlite:///luthier.db --host 0.0.0.0
#     LUTHIER_URL=http://host:8700 LUTHIER_TOKEN=... sh curl_worker.sh 20
#
# The first command, once, writes its token to luthier.db.token.
#
# Without LUTHIER_URL it starts a service of its own, whose studies are deleted when it ends.
set -eu
trials=${1:-10}
if [ -z "${LUTHIER_URL:-}" ]; then
    folder=$(mktemp -d)
    : > "$folder/output"
    luthier serve --storage "sqlite:///$folder/luthier.db" --port 0 --token-file "$folder/token" \
        > "$folder/output" 2> "$folder/log" &
    service=$!
    trap 'kill "$service" || true; wait "$service" || true; rm -r "$folder"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    until grep -q "its token" "$folder/output"; do
        kill -0 "$service" || { cat "$folder/log" >&2; exit 1; }
        sleep 0.1
    done
    LUTHIER_URL=$(sed -n 's/.* on \(http:.*\)/\1/p' "$folder/output")
    LUTHIER_TOKEN=$(cat "$folder/token")
fi

# post PATH BODY [KEY]: the service's answer. A request with a key may be sent again: it is carried
# out once. The token goes through a pipe, since everybody on the machine can read a command's
# arguments.
post() {
    printf 'header = "Authorization: Bearer %s"\n' "$LUTHIER_TOKEN" |
        curl --config - --silent --show-error --fail-with-body --retry 8 --retry-connrefused \
            --header "Content-Type: application/json" ${3:+--header "Idempotency-Key: $3"} \
            --data "$2" "$LUTHIER_URL$1"
}

# field NAME: the number or word of that name in the JSON on standard input.
field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"
}

space='{"lr": {"type": "float", "low": 1e-5, "high": 0.1, "scale": "log"}'
space="$space, \"layers\": {\"low\": 1, \"high\": 4}}"
options='"scheduler": "median", "load_if_exists": true'
study=$(post /v1/studies "{\"name\": \"curl\", \"space\": $space, $options}" | field id)
i=0
while [ $i -lt "$trials" ]; do
    i=$((i + 1))
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    until asked=$(post "/v1/studies/$study/ask" '{}' "$key"); do
        case $asked in *NothingToAskError*) ;; *) echo "$asked" >&2; exit 1 ;; esac
        wait_s=$(echo "$asked" | field retry_after_s)
        [ "$wait_s" != null ] || exit 0  # the study is complete
        sleep "${wait_s%.*}"
    done
    number=$(echo "$asked" | field number) token=$(echo "$asked" | field token)
    lr=$(echo "$asked" | field lr) layers=$(echo "$asked" | field layers)
    trial=/v1/studies/$study/trials/$number decision=continue step=0
    while [ $step -lt 3 ] && [ "$decision" = continue ]; do
        step=$((step + 1))
        value=$(awk -v lr="$lr" -v layers="$layers" -v step=$step \
            'BEGIN { loss = (log(lr) / log(10) + 3) ^ 2 + (layers - 2) ^ 2 / 10
                     printf "%.6f", loss + exp(-step) }')
        body="{\"token\": $token, \"step\": $step, \"value\": $value}"
        decision=$(post "$trial/report" "$body" | field decision)
    done
    case $decision in stop) state=pruned ;; pause) state=paused ;; *) state=complete ;; esac
    post "$trial/tell" "{\"token\": $token, \"value\": $value, \"state\": \"$state\"}" > /dev/null
    echo "{\"trial\": $number, \"state\": \"$state\", \"value\": $value}"
done
